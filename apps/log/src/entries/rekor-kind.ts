import { hashLeaf } from '#libs/merkle';
import { fullKeyId, KEY_TYPE, noteVerifier, verifierKey, type NoteSigner } from '#libs/note';
import type { Signer } from '#libs/signer';
import { encodeEntryBundle, entryBundlePath, parseEntryBundle } from '#libs/tlog';
import { dedupeKeyFrom, type LogKind } from '../log-kind.js';

/** A signature log: a submission is the canonical body of an entry, and is the leaf (tlog-tiles). The key is Ed25519. */
export function rekorKind(origin: string, signer: Signer): LogKind<Uint8Array> {
  const { raw } = signer.publicKey;
  const key = verifierKey(origin, KEY_TYPE.ed25519, raw);
  const noteSigner: NoteSigner = { key, sign: (text) => signer.sign(text) };
  return {
    name: 'rekor',
    dedupeKey: (body) => dedupeKeyFrom(hashLeaf(body)),
    encodeLeaf: (body) => body,
    joinLeaves: encodeEntryBundle,
    splitLeaves: parseEntryBundle,
    readLeaf: (leaf) => {
      const hash = hashLeaf(leaf);
      return { hash, dedupeKey: dedupeKeyFrom(hash) };
    },
    bundlePath: (index, width) => entryBundlePath(index, width),
    noteSigner: () => noteSigner,
    noteVerifier: noteVerifier(key),
    cosigned: 'before-publication',
    // All 32 bytes of the C2SP key hash: what bundles and trusted roots name an Ed25519 log by.
    logId: fullKeyId(origin, KEY_TYPE.ed25519, raw),
  };
}
