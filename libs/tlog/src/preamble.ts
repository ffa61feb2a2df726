import { BytesError, concatBytes, utf8Decode, utf8Encode } from '#libs/crypto';
import { HASH_BYTES } from '#libs/merkle';
import { parseHash } from './line.js';

// tlog-proof and tlog-witness put lines before a checkpoint: a few fields, then the hashes of a proof.

/** RFC 6962: a path has one hash per level, and a tree of less than 2^63 leaves has 63. The limit of tlog-witness too. */
export const PROOF_MAX_HASHES = 63;

const NEWLINE = 0x0a;

export interface Preamble {
  readonly lines: readonly string[];
  readonly checkpoint: Uint8Array;
}

/** The lines up to the first empty one, and what follows it; undefined if there is none, or the lines are not UTF-8. */
export function splitPreamble(bytes: Uint8Array): Preamble | undefined {
  // The first one: none of the lines is empty, while the note behind them may hold empty lines.
  let end = bytes.indexOf(NEWLINE);
  while (end !== -1 && bytes[end + 1] !== NEWLINE) end = bytes.indexOf(NEWLINE, end + 1);
  if (end === -1) return undefined;
  try {
    return { lines: utf8Decode(bytes.subarray(0, end)).split('\n'), checkpoint: bytes.subarray(end + 2) };
  } catch (error) {
    if (error instanceof BytesError) return undefined;
    throw error;
  }
}

/** The inverse of `splitPreamble`. */
export function joinPreamble({ lines, checkpoint }: Preamble): Uint8Array {
  return concatBytes(utf8Encode(`${lines.join('\n')}\n\n`), checkpoint);
}

/** The hashes of a proof, one a line; undefined for more than 63, or for a line that is none. */
export function parseHashLines(lines: readonly string[]): Uint8Array[] | undefined {
  if (lines.length > PROOF_MAX_HASHES) return undefined;
  const hashes = lines.map(parseHash).filter((hash) => hash !== undefined);
  return hashes.length === lines.length ? hashes : undefined;
}

/** Whether `parseHashLines` would read them back. */
export function areProofHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.length <= PROOF_MAX_HASHES && hashes.every(({ length }) => length === HASH_BYTES);
}
