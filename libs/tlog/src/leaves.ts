import { toHex } from '#crypto';
import { BytesError, ByteReader } from '#libs/crypto';
import { hashLeaf } from '#libs/merkle';
import { parseEntryBundle } from './entry-bundle.js';
import { TlogError } from './error.js';
import type { LeafKind } from './log-files.js';
import { merkleTreeLeaf, parseTileLeaves } from './tile-leaf.js';

/** What one entry of a log adds to its tree. */
export interface Leaf {
  readonly hash: Uint8Array;
  /** ct: the index that its SCT names. */
  readonly namedIndex?: bigint | undefined;
  /** ct: the issuers that the log has to serve, lower-case hex. */
  readonly issuers: readonly string[];
}

const LEAF_INDEX_EXTENSION = 0;
const LEAF_INDEX_BYTES = 5;
const NO_ISSUERS: readonly string[] = [];

/** The leaves of an entry bundle or a data tile. @throws TlogError malformed-entry-bundle, malformed-tile-leaf */
export function parseLeaves(kind: LeafKind, bytes: Uint8Array): Leaf[] {
  if (kind === 'entries') {
    return parseEntryBundle(bytes).map((entry) => ({ hash: hashLeaf(entry), issuers: NO_ISSUERS }));
  }
  return parseTileLeaves(bytes).map((leaf) => ({
    hash: hashLeaf(merkleTreeLeaf(leaf)),
    namedIndex: namedIndex(leaf.extensions),
    issuers: leaf.chainFingerprints.map(toHex),
  }));
}

/** static-ct-api: the leaf_index extension, whatever other ones there may be; undefined without it. */
function namedIndex(extensions: Uint8Array): bigint | undefined {
  const reader = new ByteReader(extensions);
  try {
    while (reader.remaining > 0) {
      const type = reader.u8();
      const data = reader.vector(2);
      if (type === LEAF_INDEX_EXTENSION && data.length === LEAF_INDEX_BYTES) return BigInt(`0x${toHex(data)}`);
    }
    return undefined;
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause;
    throw new TlogError('malformed-tile-leaf', `tile leaf: extensions: ${cause.message}`, { cause });
  }
}
