import type { VerifierKey } from '#libs/note';
import type { Signer } from '#libs/signer';
import type { FileSystem } from '#libs/tile-store';
import type { TlogPolicy } from '#libs/tlog';
import type { EventStore } from '#libs/event-store';
import type { SeenHead } from '../cosigning/observer.js';
import type { ConflictListener } from './conflict.js';

/** A log that is mirrored. */
export interface MirroredLogOptions {
  readonly origin: string;
  /** Every key that is trusted to sign for the origin. */
  readonly keys: readonly VerifierKey[];
  /** Its prefix by tlog-tiles: the mirror then follows it. Without it, entries come only by add-entries. */
  readonly url?: string;
  /** Only checkpoints with this quorum are followed. Those that are pushed need the log's signature alone. */
  readonly policy?: TlogPolicy;
}

/** Told of each signature of a log that verifies. Quick, and never throws. */
export interface HeadObserver {
  /** Why a log is not followed any more; undefined when nothing speaks against it. */
  refuses(head: SeenHead): string | undefined;
  seen(head: SeenHead): void;
}

/** Who is told of what the mirror sees. */
export interface MirrorListener {
  /** Who compares every checkpoint that is brought here with what others saw, and may forbid that it is followed. */
  readonly observer?: HeadObserver | undefined;
  /** Two checkpoints of one log that can't both be of one history. Called once for each. */
  readonly onConflict?: ConflictListener | undefined;
}

export interface MirrorOptions extends MirrorListener {
  /** A cosigner of its own: another name than the witness. */
  readonly name: string;
  /** Keys that sign nothing else: cosignatures of type 0x04, and 0x06. */
  readonly signers: { readonly ed25519: Signer; readonly mlDsa44?: Signer };
  /** The files are below it, and an event store of its own: a disk that the mirror fills must not stop the witness. */
  readonly directory: string;
  readonly logs: readonly MirroredLogOptions[];
  /** Between two looks at a log that is followed, milliseconds. Default 10 s. */
  readonly followIntervalMs?: number;
  /** For tests: another disk, another store, another clock. */
  readonly fileSystem?: FileSystem;
  readonly openStore?: () => Promise<EventStore>;
  readonly now?: () => bigint;
  readonly freeBytes?: () => Promise<number>;
}
