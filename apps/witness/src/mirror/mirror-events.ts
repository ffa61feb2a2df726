import { ByteReader, concatBytes, u64, vector } from '#libs/crypto';
import { HASH_BYTES } from '#libs/merkle';
import { parseNote } from '#libs/note';
import { parseCheckpoint, type Checkpoint, type TreeHead } from '#libs/tlog';

/** How an event of a stream is written in which each event carries the whole state, so that only the last one is read. */
export interface StateCodec<T> {
  readonly type: string;
  encode(state: T): Uint8Array;
  /** @throws Error for what this version did not write */
  decode(data: Uint8Array): T;
}

/** What entries are proven against: the largest checkpoint that the log was seen to sign. */
export interface PendingCheckpoint {
  readonly checkpoint: Checkpoint;
  /** With the log's own signatures, and no others. */
  readonly note: Uint8Array;
}

/** `MirrorPending/v1`: the note. */
export const PENDING: StateCodec<PendingCheckpoint> = {
  type: 'MirrorPending/v1',
  encode: ({ note }) => note,
  decode: (note) => ({ checkpoint: parseCheckpoint(parseNote(note).text), note }),
};

export interface CosignedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** POSIX time in seconds: that of our cosignatures. */
  readonly timestamp: bigint;
  /** With the log's signatures and ours: what is served. */
  readonly note: Uint8Array;
}

/** What is held, and what was said of it. */
export interface MirrorState {
  /** May be ahead of what is cosigned, never behind. */
  readonly held: TreeHead;
  readonly cosigned: CosignedCheckpoint | undefined;
}

/** `MirrorState/v1`: u64 size  root[32]  u64 timestamp  u24 length || note; no note and timestamp 0 before the first. */
export const STATE: StateCodec<MirrorState> = {
  type: 'MirrorState/v1',
  encode: ({ held, cosigned }) =>
    concatBytes(
      u64(held.size),
      held.root,
      u64(cosigned?.timestamp ?? 0n),
      vector(3, cosigned?.note ?? new Uint8Array(0)),
    ),
  decode: (data) => {
    const reader = new ByteReader(data);
    const held = { size: reader.u64(), root: reader.take(HASH_BYTES) };
    const timestamp = reader.u64();
    const note = reader.vector(3);
    reader.end();
    if (note.length === 0) return { held, cosigned: undefined };
    return { held, cosigned: { checkpoint: parseCheckpoint(parseNote(note).text), timestamp, note } };
  },
};
