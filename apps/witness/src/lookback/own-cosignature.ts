import { equalBytes } from '#libs/crypto';
import { isSameKey, type Note, type NoteVerifier } from '#libs/note';
import { parseCheckpoint, parseCosignature, type Checkpoint } from '#libs/tlog';
import type { CheckpointCosigned } from '../cosigning/checkpoint-cosigned.js';

/** Lines of one key that are verified in one note: whoever sends it may put any number of them in. */
const LINES_PER_KEY = 2;

/** A checkpoint that a key of this witness has cosigned, whatever the witness remembers. */
export interface OwnCosignature {
  readonly checkpoint: Checkpoint;
  /** POSIX time in seconds; 0: none was signed. */
  readonly timestamp: bigint;
}

/** The cosignatures in a note that our keys made. Lines that name a key of ours and don't verify are somebody's joke. */
export function ownCosignatures({ text, signatures }: Note, own: readonly NoteVerifier[]): OwnCosignature[] {
  const found: OwnCosignature[] = [];
  for (const verifier of own) {
    const lines = signatures.filter((line) => isSameKey(line, verifier)).slice(0, LINES_PER_KEY);
    for (const { signature } of lines) {
      if (!verifier.verify(text, signature)) continue;
      found.push({ checkpoint: parseCheckpoint(text), timestamp: parseCosignature(signature).timestamp });
    }
  }
  return found;
}

/**
 * Why `record` can't be the last thing that was cosigned, in words; undefined when it can. A cosignature is stored before
 * anybody sees it: one that the record does not know was forgotten, or another process has the same key.
 */
export function whatWasForgotten(
  record: Pick<CheckpointCosigned, 'size' | 'root' | 'timestamp'> | undefined,
  { checkpoint, timestamp }: OwnCosignature,
): string | undefined {
  const { size, root } = checkpoint;
  if (!record) return `size ${size} was cosigned, the record has nothing`;
  if (size > record.size) return `size ${size} was cosigned, the record ends at ${record.size}`;
  if (size === record.size && !equalBytes(root, record.root)) return `another root was cosigned for size ${size}`;
  if (timestamp > record.timestamp) return `a cosignature of time ${timestamp}, the record ends at ${record.timestamp}`;
  return undefined;
}
