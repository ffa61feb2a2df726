import { importPublicKey, sha256, verify } from '#crypto';
import { encodeDigitallySigned, encodeSct, parseSct, sctSignedData, type Sct } from '#libs/certificate';
import { ByteReader, equalBytes } from '#libs/crypto';
import { hashLeaf } from '#libs/merkle';
import { KEY_TYPE, type VerifierKey } from '#libs/note';
import { merkleTreeLeaf } from '#libs/tlog';
import { withLowS } from './ecdsa-form.js';
import type { PromisedEntry } from './evidence.js';
import { EvidenceError, rethrown } from './error.js';

/** What an SCT with a leaf index promises: this leaf at this index. */
export interface LeafPromise {
  readonly index: bigint;
  readonly leafHash: Uint8Array;
}

// static-ct-api, "SCT extension": ExtensionType leaf_index(0), uint40.
const LEAF_INDEX = 0;
const LEAF_INDEX_BYTES = 5;

/** What the log promised by an SCT that it signed for this entry. @throws EvidenceError invalid-sct, unsupported-key */
export function leafPromise(key: VerifierKey, raw: Uint8Array, entry: PromisedEntry): LeafPromise {
  if (key.type !== KEY_TYPE.rfc6962) {
    throw new EvidenceError('unsupported-key', `key ${key.name}: type ${key.type} signs no SCTs`);
  }
  const publicKey = rethrown('unsupported-key', `key ${key.name}`, () => importPublicKey(key.publicKey));
  const sct = readSct(raw);
  if (!equalBytes(sct.logId, sha256(key.publicKey))) throw invalid('it is by another log than the accused one');
  const { timestampMs, extensions } = sct;
  return rethrown('invalid-sct', 'SCT', () => {
    if (!verify(publicKey, sct.scheme, sctSignedData({ timestampMs, extensions, ...entry }), sct.signature)) {
      throw invalid('its signature is not by the accused key over this entry');
    }
    // The precertificate itself is kept beside the leaf, and not hashed.
    const whole = entry.kind === 'precert' ? { ...entry, precertificate: entry.tbs } : entry;
    const leaf = merkleTreeLeaf({ timestampMs, extensions, entry: whole, chainFingerprints: [] });
    return { index: leafIndex(extensions), leafHash: hashLeaf(leaf) };
  });
}

/** The SCT with the smaller s of its ECDSA signature; undefined if that is none of the key's curve. */
export function canonicalSct(key: VerifierKey, raw: Uint8Array): Uint8Array | undefined {
  const sct = readSct(raw);
  if (sct.scheme !== 'ecdsa-sha256') return raw;
  const { algorithm } = rethrown('unsupported-key', `key ${key.name}`, () => importPublicKey(key.publicKey));
  const low = withLowS(sct.signature, algorithm);
  return low && encodeSct({ ...sct, digitallySigned: encodeDigitallySigned(sct.scheme, low) });
}

export function readSct(raw: Uint8Array): Sct {
  return rethrown('invalid-sct', 'SCT', () => parseSct(raw));
}

/** The one leaf_index in CtExtensions; others are passed over, as their meaning is not ours to know. */
function leafIndex(extensions: Uint8Array): bigint {
  const reader = new ByteReader(extensions);
  let index: bigint | undefined;
  while (reader.remaining > 0) {
    const type = reader.u8();
    const data = reader.vector(2);
    if (type !== LEAF_INDEX) continue;
    if (index !== undefined || data.length !== LEAF_INDEX_BYTES)
      throw invalid('it should have one leaf index of 5 bytes');
    index = data.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }
  if (index === undefined) throw invalid('it names no leaf index: it promises an entry, not where');
  return index;
}

function invalid(problem: string): EvidenceError {
  return new EvidenceError('invalid-sct', `SCT: ${problem}`);
}
