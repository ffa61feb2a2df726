import { ByteReader, concatBytes, equalBytes, u24, u64 } from '#libs/crypto';
import { HASH_BYTES } from '#libs/merkle';
import { parseNote } from '#libs/note';
import { parseCheckpoint } from '#libs/tlog';

/**
 * The one event of an origin's stream. Each carries the whole state, so that only the last one is ever read:
 *
 *     u64 size   root[32]   u64 timestamp   u24 length || note      (big-endian)
 */
export const CHECKPOINT_COSIGNED = 'CheckpointCosigned/v1';

export interface CheckpointCosigned {
  readonly size: bigint;
  readonly root: Uint8Array;
  /** POSIX time in seconds: that of our cosignature. */
  readonly timestamp: bigint;
  /** The checkpoint with the log's signature and our cosignature, as it is shown to monitors. */
  readonly note: Uint8Array;
}

export function encodeCheckpointCosigned({ size, root, timestamp, note }: CheckpointCosigned): Uint8Array {
  return concatBytes(u64(size), root, u64(timestamp), u24(note.length), note);
}

/** @throws Error for an event that this version did not write, or that has changed since: the witness must not go on from it */
export function decodeCheckpointCosigned(type: string, data: Uint8Array): CheckpointCosigned {
  if (type !== CHECKPOINT_COSIGNED) throw new Error(`an event of type ${type}, should be ${CHECKPOINT_COSIGNED}`);
  const reader = new ByteReader(data);
  const size = reader.u64();
  const root = reader.take(HASH_BYTES);
  const timestamp = reader.u64();
  const note = reader.vector(3);
  reader.end();
  const checkpoint = parseCheckpoint(parseNote(note).text);
  if (checkpoint.size !== size || !equalBytes(checkpoint.root, root)) {
    throw new Error(`an event says size ${size}, its note size ${checkpoint.size}: they should be one tree`);
  }
  return { size, root, timestamp, note };
}
