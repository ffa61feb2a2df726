import { toHex } from '#crypto';
import { equalBytes } from '#libs/crypto';
import type { EventStore } from '#libs/event-store';
import { EMPTY_ROOT, hashLeaf } from '#libs/merkle';
import { formatNote, formatSignatureLine, parseNote } from '#libs/note';
import type { TileStore } from '#libs/tile-store';
import { formatCheckpoint, originHash, type Checkpoint, type ReadPackage, type TreeHead } from '#libs/tlog';
import type { Logger } from 'pino';
import type { Cosigner } from '../cosigning/cosigner.js';
import { decide, type Decision } from '../cosigning/decide.js';
import type { Proposal } from '../cosigning/proposal.js';
import type { DiskRoom } from './disk-room.js';
import { LogCopy } from './log-copy.js';
import { MirrorError } from './mirror-error.js';
import { PENDING, STATE, type CosignedCheckpoint, type MirrorState, type PendingCheckpoint } from './mirror-events.js';
import { refutePackage } from './refute-package.js';
import { StateStream, type Recorded } from './state-stream.js';
import { Turns } from './turns.js';

export interface MirroredLogParts {
  readonly origin: string;
  readonly store: EventStore;
  readonly tiles: TileStore;
  readonly cosigner: Cosigner;
  readonly logger: Logger;
  /** POSIX time in seconds. */
  readonly now: () => bigint;
  /** Asked before entries are stored. Without it the disk is filled. */
  readonly room?: DiskRoom;
  /** Why a checkpoint of the log, which it has signed, is not cosigned; undefined when nothing speaks against it. */
  readonly refuses?: (head: PendingCheckpoint) => string | undefined;
}

/** What became of a checkpoint that was to be the pending one. */
export type ProposalAnswer =
  { readonly kind: 'pending' } | Exclude<Decision, { kind: 'cosign' }> | { readonly kind: 'busy' };

export type CommitAnswer =
  | { readonly kind: 'cosigned'; /** Our signature lines. */ readonly lines: string }
  /** A larger checkpoint is cosigned already: nothing is ever said of a smaller one again. */
  | { readonly kind: 'overtaken' }
  /** The log has been convicted since this checkpoint was pending. */
  | { readonly kind: 'frozen'; readonly reason: string };

/** How many of the packages that were handed over hold; those are durable. */
export interface PackagesAnswer {
  readonly verified: number;
  /** Why the next one does not. */
  readonly problem?: string;
}

const EMPTY: TreeHead = { size: 0n, root: EMPTY_ROOT };
const ATTEMPTS = 8;
/** A cosignature this old is made anew for whoever asks again; POSIX seconds. */
const FRESH_SECONDS = 60n;
/** Recorded so often on the way: what a process that ends loses is at most that much of its place, and no file. */
const RECORD_EVERY = 8192n;

/** One log of the mirror: its pending checkpoint, the entries that are held, and what was cosigned of them (tlog-mirror). */
export class MirroredLog {
  readonly #pending: StateStream<PendingCheckpoint>;
  readonly #state: StateStream<MirrorState>;
  readonly #turns = new Turns();
  #copy: LogCopy | undefined;
  #served: CosignedCheckpoint | undefined;
  #problem: string | undefined;

  constructor(private readonly parts: MirroredLogParts) {
    const { store, origin, logger } = parts;
    const hash = originHash(origin);
    this.#pending = new StateStream(store, `mirror-pending-${hash}`, PENDING, logger);
    this.#state = new StateStream(store, `mirror-${hash}`, STATE, logger);
  }

  get origin(): string {
    return this.parts.origin;
  }

  get tiles(): TileStore {
    return this.parts.tiles;
  }

  /** The mirror checkpoint, as it is served; undefined before `open`, and before the first. */
  served(): CosignedCheckpoint | undefined {
    return this.#served;
  }

  /** Why nothing is cosigned; undefined when all is well. */
  problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Finds out where the copy ends, and makes what a power cut may have torn again. Called by every other method, and does
   * nothing when it was done. @throws MirrorError damaged, TileStoreError, EventStoreError
   */
  open(): Promise<LogCopy> {
    if (this.#copy) return Promise.resolve(this.#copy);
    return this.#turns.take(async () => (this.#copy ??= await this.#open()));
  }

  async #open(): Promise<LogCopy> {
    try {
      const { state } = await this.#state.load();
      const copy = await LogCopy.open(this.tiles, state?.held ?? EMPTY);
      if (state?.cosigned) {
        await copy.publish(state.cosigned.checkpoint.size);
        await this.#serve(state.cosigned);
      }
      this.#problem = undefined;
      return copy;
    } catch (error) {
      this.#problem = `${this.origin}: ${(error as Error).message}`;
      throw error;
    }
  }

  /** The checkpoint that entries are proven against; undefined before the first. */
  async pending(): Promise<PendingCheckpoint | undefined> {
    return (await this.#pending.load()).state;
  }

  /** The mirror checkpoint, if it has this size, with the log's signatures only. */
  async mirrorCheckpoint(size: bigint): Promise<PendingCheckpoint | undefined> {
    const cosigned = (await this.#state.load()).state?.cosigned;
    if (cosigned?.checkpoint.size !== size) return undefined;
    const { text, signatures } = parseNote(cosigned.note);
    const ofLog = signatures.filter(({ name }) => name !== this.parts.cosigner.name);
    return { checkpoint: cosigned.checkpoint, note: formatNote({ text, signatures: ofLog }) };
  }

  /** Why a checkpoint is not cosigned, whatever is held of it. Asked anew each time: evidence may have come meanwhile. */
  refuses(head: PendingCheckpoint): string | undefined {
    return this.parts.refuses?.(head);
  }

  /** What the mirror checkpoint says; undefined before the first. It is recorded before it is served. */
  async cosigned(): Promise<Checkpoint | undefined> {
    return (await this.#state.load()).state?.cosigned?.checkpoint;
  }

  /** The index of the first entry that is not held. */
  async nextEntry(): Promise<bigint> {
    return (await this.open()).size;
  }

  /** The root that our own copy has at a size it has reached; undefined beyond. */
  async rootAt(size: bigint): Promise<Uint8Array | undefined> {
    const copy = await this.open();
    return this.#turns.take(async () => (size > copy.size ? undefined : copy.rootAt(size)));
  }

  /** For proofs about our own copy. */
  async readTile(level: number, index: bigint, width: number): Promise<Uint8Array> {
    return (await this.open()).readTile(level, index, width);
  }

  /** tlog-mirror, add-checkpoint: the rule of a witness, and no signature. */
  async propose(proposal: Proposal): Promise<ProposalAnswer> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const last = await this.#pending.load();
      const { checkpoint, signatures } = proposal;
      const decision = decide(asCosigned(last), proposal, 0n);
      if (decision.kind !== 'cosign') return decision;
      const note = formatNote({ text: formatCheckpoint(checkpoint), signatures });
      // The same one again says nothing new, and a log may ask every second.
      if (last.state?.checkpoint.size === checkpoint.size) return { kind: 'pending' };
      if (await this.#pending.advance(last, { checkpoint, note })) return { kind: 'pending' };
    }
    return { kind: 'busy' };
  }

  /**
   * Verifies packages, which follow each other, against a checkpoint that is or was pending, and saves what is not yet held
   * of them. What it says is verified is durable. @throws TileStoreError, MirrorError damaged, no-room
   */
  async addPackages(head: Checkpoint, packages: readonly ReadPackage[]): Promise<PackagesAnswer> {
    const copy = await this.open();
    const hashed = packages.map((one) => ({ ...one, hashes: one.entries.map(hashLeaf) }));
    return this.#turns.take(async () => {
      const fresh: { entries: Uint8Array[]; hashes: Uint8Array[] } = { entries: [], hashes: [] };
      let verified = 0;
      let problem: string | undefined;
      for (const { range, entries, hashes, proof } of hashed) {
        // What precedes it in its bundle is held, or came with the package before.
        const known = await copy.leafHashes(range.subtreeStart, range.start);
        problem = refutePackage(range, [...known, ...hashes], proof, head);
        if (problem !== undefined) break;
        const skip = copy.size + BigInt(fresh.entries.length) - range.start;
        if (skip < 0n) throw new Error(`entries from ${range.start} on do not follow the ${copy.size} that are held`);
        fresh.entries.push(...entries.slice(Number(skip)));
        fresh.hashes.push(...hashes.slice(Number(skip)));
        verified++;
      }
      const before = copy.size;
      if (fresh.entries.length > 0) await this.parts.room?.expect();
      await copy.append(fresh.entries, fresh.hashes);
      if (before / RECORD_EVERY !== copy.size / RECORD_EVERY) await this.#record(copy);
      return { verified, ...(problem !== undefined && { problem }) };
    });
  }

  /** Makes the place where the copy ends last through the end of the process. */
  async recordProgress(): Promise<void> {
    const copy = await this.open();
    await this.#turns.take(() => this.#record(copy));
  }

  /**
   * tlog-mirror: when everything below the end of `head` is held, it becomes the mirror checkpoint, unless a larger one is.
   * Its root is compared with the one that the entries lead to. @throws MirrorError damaged, overtaken; TileStoreError, EventStoreError
   */
  async commit(head: PendingCheckpoint): Promise<CommitAnswer> {
    const copy = await this.open();
    return this.#turns.take(async () => {
      const reason = this.refuses(head);
      if (reason !== undefined) return { kind: 'frozen', reason };
      const { size, root } = head.checkpoint;
      const from = await this.#state.load();
      const last = from.state?.cosigned;
      if (last && last.checkpoint.size > size) return { kind: 'overtaken' };
      if (copy.size < size) throw new Error(`${copy.size} entries are held, a checkpoint of ${size} can't be cosigned`);
      const derived = await copy.rootAt(size);
      if (!equalBytes(derived, root)) {
        throw this.#damaged(`the copy has root ${toHex(derived)} at size ${size}, the checkpoint ${toHex(root)}`);
      }
      const now = this.parts.now();
      // A clock that was set back must not make an older tree look like the newest one.
      const timestamp = last && last.timestamp > now ? last.timestamp : now;
      const { cosigner } = this.parts;
      if (last?.checkpoint.size === size && timestamp - last.timestamp < FRESH_SECONDS) {
        await this.#serve(last);
        return { kind: 'cosigned', lines: this.#linesOf(last) };
      }
      await copy.publish(size);
      const { signatures } = parseNote(head.note);
      const { note } = await cosigner.cosign({ checkpoint: head.checkpoint, signatures }, timestamp);
      const cosigned = { checkpoint: head.checkpoint, timestamp, note };
      // tlog-mirror: the checkpoint is persisted before the answer. Until then the cosignature stays in here.
      if (!(await this.#state.advance(from, { held: copy.head(), cosigned }))) {
        throw new MirrorError('overtaken', `${this.origin}: another process writes to the store of this mirror`);
      }
      await this.#serve(cosigned);
      return { kind: 'cosigned', lines: this.#linesOf(cosigned) };
    });
  }

  async #record(copy: LogCopy): Promise<void> {
    const from = await this.#state.load();
    const held = copy.head();
    if (from.state?.held.size === held.size || held.size === 0n) return;
    if (await this.#state.advance(from, { held, cosigned: from.state?.cosigned })) return;
    throw new MirrorError('overtaken', `${this.origin}: another process writes to the store of this mirror`);
  }

  #linesOf({ note }: CosignedCheckpoint): string {
    const own = parseNote(note).signatures.filter(({ name }) => name === this.parts.cosigner.name);
    return own.map(formatSignatureLine).join('');
  }

  async #serve(cosigned: CosignedCheckpoint): Promise<void> {
    if (this.#served === cosigned) return;
    await this.tiles.writeCheckpoint(cosigned.note);
    this.#served = cosigned;
  }

  #damaged(problem: string): MirrorError {
    this.#problem = `${this.origin}: ${problem}`;
    return new MirrorError('damaged', this.#problem);
  }
}

function asCosigned({ state }: Recorded<PendingCheckpoint>): Parameters<typeof decide>[0] {
  return state && { size: state.checkpoint.size, root: state.checkpoint.root, timestamp: 0n };
}
