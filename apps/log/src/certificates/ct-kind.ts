import { sha256 } from '#crypto';
import { concatBytes } from '#libs/crypto';
import { hashLeaf } from '#libs/merkle';
import { KEY_TYPE, verifierKey, type NoteSigner } from '#libs/note';
import type { Signer } from '#libs/signer';
import {
  encodeRfc6962NoteSignature,
  encodeTileLeaf,
  entryBundlePath,
  logVerifier,
  merkleTreeLeaf,
  parseCheckpoint,
  parseTileLeaves,
  sctExtensions,
  treeHeadSignatureInput,
  type TileLeaf,
} from '#libs/tlog';
import type { LogKind } from '../log-kind.js';
import { preChainKey, type PreChain } from './pre-chain.js';

/** A certificate log (RFC 6962, static-ct-api): a leaf holds its own index and time. The key is ECDSA P-256. */
export function ctKind(origin: string, signer: Signer): LogKind<PreChain> {
  const { spki } = signer.publicKey;
  const key = verifierKey(origin, KEY_TYPE.rfc6962, spki);
  return {
    name: 'ct',
    dedupeKey: ({ issuerKeyHash, tbs }) => preChainKey(issuerKeyHash, tbs),
    encodeLeaf: (preChain, index, sequencedAtMs) => encodeTileLeaf(tileLeaf(preChain, index, sequencedAtMs)),
    joinLeaves: (leaves) => concatBytes(...leaves),
    splitLeaves: (data) => parseTileLeaves(data).map(encodeTileLeaf),
    readLeaf: (bytes) => {
      const leaf = onlyLeaf(bytes);
      const { entry } = leaf;
      if (entry.kind !== 'precert') throw new TypeError('this log holds precertificates only');
      return { hash: hashLeaf(merkleTreeLeaf(leaf)), dedupeKey: preChainKey(entry.issuerKeyHash, entry.tbs) };
    },
    bundlePath: (index, width) => entryBundlePath(index, width, 'data'),
    noteSigner: (timestampMs) =>
      ({ key, sign: (text) => signTreeHead(signer, timestampMs, text) }) satisfies NoteSigner,
    noteVerifier: logVerifier(key),
    cosigned: 'after-publication', // an SCT promises inclusion by the log alone
    logId: sha256(spki),
  };
}

function tileLeaf(
  { issuerKeyHash, tbs, precertificate, issuers }: PreChain,
  index: bigint,
  timestampMs: bigint,
): TileLeaf {
  return {
    timestampMs,
    entry: { kind: 'precert', issuerKeyHash, tbs, precertificate },
    extensions: sctExtensions(index),
    chainFingerprints: issuers.map(sha256),
  };
}

function onlyLeaf(bytes: Uint8Array): TileLeaf {
  const [leaf] = parseTileLeaves(bytes);
  if (!leaf) throw new TypeError('an empty leaf');
  return leaf;
}

/** RFC 6962 §3.5, in the place of a note signature: the checkpoint's time is inside. */
async function signTreeHead(signer: Signer, timestampMs: bigint, text: Uint8Array): Promise<Uint8Array> {
  const { size, root } = parseCheckpoint(text);
  const signature = await signer.sign(treeHeadSignatureInput(timestampMs, size, root));
  return encodeRfc6962NoteSignature({ timestampMs, scheme: 'ecdsa-sha256', signature });
}
