import { sha256 } from '#crypto';
import { MerkleError } from './error.js';

/** The size of every hash in the tree: SHA-256, as RFC 6962 fixes it. */
export const HASH_BYTES = 32;

/** The root of a tree of size 0: RFC 6962 §2.1, the hash of the empty string. */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array(0));

// RFC 6962 §2.1: the prefixes keep a leaf from being taken for an inner node.
const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** Entries up to this size are hashed in a buffer that is used again; it is the limit of tlog-tiles, so that a log never allocates here. */
const LEAF_BUFFER_BYTES = 65535;

// Hashing is synchronous, so one buffer of each kind serves all callers.
const leafBuffer = new Uint8Array(1 + LEAF_BUFFER_BYTES);
const nodeBuffer = new Uint8Array(1 + 2 * HASH_BYTES);
leafBuffer[0] = LEAF_PREFIX;
nodeBuffer[0] = NODE_PREFIX;

/** The leaf hash of an entry: SHA-256(0x00 || entry), RFC 6962 §2.1. */
export function hashLeaf(entry: Uint8Array): Uint8Array {
  const end = 1 + entry.length;
  const buffer = entry.length <= LEAF_BUFFER_BYTES ? leafBuffer : new Uint8Array(end);
  buffer.set(entry, 1);
  return sha256(buffer.subarray(0, end));
}

/** The hash of an inner node: SHA-256(0x01 || left || right), RFC 6962 §2.1. Throws `malformed-hash` unless both are 32 bytes. */
export function hashChildren(left: Uint8Array, right: Uint8Array): Uint8Array {
  // Without this check 31 + 33 bytes would hash like 32 + 32: two trees with one root.
  requireHash(left);
  requireHash(right);
  nodeBuffer.set(left, 1);
  nodeBuffer.set(right, 1 + HASH_BYTES);
  return sha256(nodeBuffer);
}

/**
 * The root of a complete subtree from its lowest row: 2^k hashes, one after the other (32 · 2^k bytes, as in a tile).
 * Throws `malformed-hash` for any other length.
 */
export function hashCompleteSubtree(hashes: Uint8Array): Uint8Array {
  let width = hashes.length / HASH_BYTES;
  if (!Number.isInteger(Math.log2(width))) {
    throw new MerkleError(
      'malformed-hash',
      `a complete subtree has a power of two times ${HASH_BYTES} bytes, not ${hashes.length}`,
    );
  }
  const row = hashes.slice();
  for (; width > 1; width /= 2) {
    for (let i = 0; i < width / 2; i++) {
      nodeBuffer.set(row.subarray(2 * i * HASH_BYTES, 2 * (i + 1) * HASH_BYTES), 1);
      row.set(sha256(nodeBuffer), i * HASH_BYTES);
    }
  }
  return row.slice(0, HASH_BYTES);
}

/** Throws `malformed-hash` unless `hash` is 32 bytes. */
export function requireHash(hash: Uint8Array): void {
  if (hash.length !== HASH_BYTES) {
    throw new MerkleError('malformed-hash', `a hash of the tree has ${HASH_BYTES} bytes, not ${hash.length}`);
  }
}
