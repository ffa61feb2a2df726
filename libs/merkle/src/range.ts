import { MerkleError } from './error.js';

/** The largest tree size: what other implementations hold in an int64, and more entries than anybody will log. */
export const MAX_SIZE: bigint = 2n ** 63n - 1n;

/** Throws `size-out-of-range` unless 0 ≤ size ≤ 2^63 − 1. */
export function requireSize(size: bigint): void {
  if (size < 0n || size > MAX_SIZE) {
    throw new MerkleError('size-out-of-range', `tree size ${size}: should be from 0 to 2^63 - 1`);
  }
}

/** The number of binary digits of `n` ≥ 0: 0 → 0, 1 → 1, 255 → 8, 256 → 9. */
export function bitLength(n: bigint): number {
  return n === 0n ? 0 : n.toString(2).length;
}

/** The positions of the ones in `n` ≥ 0, highest first: 13 → [3, 2, 0]. They are the heights of a tree's complete subtrees. */
export function onesOf(n: bigint): number[] {
  const digits = n === 0n ? '' : n.toString(2);
  const ones: number[] = [];
  for (let i = 0; i < digits.length; i++) {
    if (digits[i] === '1') ones.push(digits.length - 1 - i);
  }
  return ones;
}

/** RFC 6962's k: the largest power of two smaller than `n`, for n ≥ 2; a tree of size n splits there. */
export function splitPoint(n: bigint): bigint {
  return 1n << BigInt(bitLength(n - 1n) - 1);
}

/**
 * Throws `invalid-subtree` unless [start, end) is a subtree of a tree of `size` leaves: draft-ietf-plants-merkle-tree-certs
 * §4.1, start is a multiple of the smallest power of two that is not less than end − start.
 */
export function requireSubtree(start: bigint, end: bigint, size: bigint): void {
  requireSize(size);
  const aligned = start >= 0n && start <= end && end <= size && (start & (subtreeSpan(start, end) - 1n)) === 0n;
  if (!aligned) throw new MerkleError('invalid-subtree', `[${start}, ${end}) is no subtree of a tree of size ${size}`);
}

function subtreeSpan(start: bigint, end: bigint): bigint {
  return end - start <= 1n ? 1n : 1n << BigInt(bitLength(end - start - 1n));
}
