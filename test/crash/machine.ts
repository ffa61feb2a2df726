import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { equalBytes } from '#libs/crypto';
import { hashLeaf, verifyInclusion } from '#libs/merkle';
import { createLogger, Readiness } from '#libs/server';
import { Registry } from 'prom-client';
import type { LogConfig } from '../../apps/log/src/config.js';
import { rekorKind } from '../../apps/log/src/entries/rekor-kind.js';
import { EVENT, readEntriesSequenced } from '../../apps/log/src/events.js';
import { Log } from '../../apps/log/src/log.js';
import type { LogKind } from '../../apps/log/src/log-kind.js';
import { MarkFile } from '../../apps/log/src/sequencer/mark.js';
import type { PublishedCheckpoint } from '../../apps/log/src/sequencer/publications.js';
import { FaultyEventStore } from './faulty-event-store.js';
import { FaultyFileSystem } from './faulty-file-system.js';
import { unreadable } from './readable.js';
import type { RecordedLog } from './recorded-log.js';
import type { SimulatedDisk } from './simulated-disk.js';
import { Faults, ProcessEnded, SimulatedProcess } from './simulated-process.js';

/** Few, so that the tests see snapshots. */
const SNAPSHOT_ENTRIES = 50n;
const SETTLED_WITHIN_MS = 60_000;
/** Longer than any retry of the engine takes. */
const STALE_AFTER_MS = 1_000;

export interface MachineOptions {
  readonly recorded: RecordedLog;
  readonly disk: SimulatedDisk;
  /** A folder of the real disk: nothing but the policy is in it. */
  readonly folder: string;
  readonly policyFile?: string;
  readonly faults?: Faults;
  /** What another machine does, when a fault wants another one to be quicker. */
  readonly secondWriter?: () => Promise<void>;
  readonly now?: () => number;
  /** Other machines write to the same store. */
  readonly shared?: boolean;
  /** Before and after every step. */
  readonly pause?: () => Promise<void>;
}

/** One computer with a disk, on which the log's program runs, ends at any step, and is started again. */
export class Machine {
  readonly config: LogConfig;
  /** Unix milliseconds: set it, and the clock has jumped. */
  now: () => number;
  #process: SimulatedProcess | undefined;
  #log: Log<Uint8Array> | undefined;
  #readiness = new Readiness();
  #starts = 0;
  #nudges = 0;
  /** Of a signature: it never goes back, whatever the clock does. */
  #lastTimestampMs = -1n;

  constructor(private readonly options: MachineOptions) {
    const { folder, policyFile, recorded } = options;
    this.now = options.now ?? Date.now;
    this.config = {
      profile: 'development',
      host: '127.0.0.1',
      port: 0,
      kind: 'rekor',
      origin: recorded.origin,
      inception: new Date(this.now()),
      dataDirectory: join(folder, 'data'),
      keyFile: join(folder, 'key'),
      markFile: join(folder, 'mark', 'mark'),
      poolLimit: 4096,
      checkpointIntervalMs: 0,
      ...(policyFile !== undefined && { policyFile }),
    };
  }

  get running(): boolean {
    return this.#process?.alive === true && this.#log !== undefined;
  }

  get starts(): number {
    return this.#starts;
  }

  /** Why the log is frozen; undefined when it isn't. */
  async frozen(): Promise<string | undefined> {
    return (await this.#readiness.checks().get('log')?.()) ?? undefined;
  }

  get published(): bigint {
    return this.#log?.current()?.size ?? -1n;
  }

  /** @throws what the log refuses to start with; ProcessEnded */
  async start(): Promise<void> {
    const { recorded, disk, faults = new Faults(), secondWriter = () => Promise.resolve() } = this.options;
    this.#starts++;
    const ended = new SimulatedProcess(faults, () => disk.powerCut(), this.options.pause);
    await disk.prepareDirectory(dirname(this.config.markFile));
    this.#process = ended;
    this.#log = undefined;
    this.#readiness = new Readiness();
    const context = {
      name: 'log',
      logger: createLogger('log', { write: () => undefined }),
      registry: new Registry(),
      readiness: this.#readiness,
    };
    try {
      const log = await Log.open(this.config, this.#kind(ended), context, {
        openStore: async () => new FaultyEventStore(recorded.store, ended, secondWriter),
        fileSystem: new FaultyFileSystem(disk, ended),
        now: () => this.now(),
        snapshotEntries: SNAPSHOT_ENTRIES,
      });
      ended.check();
      this.#log = log;
      log.start();
    } catch (error) {
      ended.end();
      throw error;
    }
  }

  /** Signs as the log does, noting what is signed and whether it might be. */
  #kind(ended: SimulatedProcess): LogKind<Uint8Array> {
    const { recorded } = this.options;
    const kind = rekorKind(recorded.origin, recorded.signer);
    return {
      ...kind,
      noteSigner: (timestampMs) => {
        const { key, sign } = kind.noteSigner(timestampMs);
        const signAndNote = async (text: Uint8Array): Promise<Uint8Array> => {
          const { size, root } = recorded.checkpointText('the signer', text);
          if (timestampMs < this.#lastTimestampMs) {
            recorded.violation(`signed for the time ${timestampMs} after ${this.#lastTimestampMs}`);
          }
          this.#lastTimestampMs = timestampMs;
          await this.#expectMayBeSigned(ended, size, root);
          return sign(text);
        };
        const failing = (text: Uint8Array) => async (): Promise<Uint8Array> => {
          await signAndNote(text);
          throw new Error('a fault that was planned: the signer failed');
        };
        return { key, sign: (text) => ended.step('sign', () => signAndNote(text), failing(text)) };
      },
    };
  }

  /** Whatever happens next: the entries are committed and the mark is on the disk. */
  async #expectMayBeSigned(ended: SimulatedProcess, size: bigint, root: Uint8Array): Promise<void> {
    const { recorded, disk } = this.options;
    const { origin } = recorded;
    const committed = await this.committed();
    if (size > committed) recorded.violation(`signed size ${size} with ${committed} entries committed`);
    const promised = (await recorded.entries()).slice(0, Number(size));
    if (!ended.alive) return; // the signature was never made, and the disk may be another one by now
    for (const what of unreadable(disk, this.config, promised)) recorded.violation(`signed, and ${what}`);
    const durable = disk.durable(this.config.markFile);
    const mark =
      durable &&
      (await new MarkFile('mark', origin, { read: async () => durable } as never).read().catch(() => undefined));
    if (mark?.size !== size || !equalBytes(mark.root, root)) {
      recorded.violation(`signed size ${size} while a power cut would leave the mark at ${mark?.size}`);
    }
  }

  async committed(): Promise<bigint> {
    const { store, stream } = this.options.recorded;
    const last = await store.last(stream);
    if (last?.type !== EVENT.entriesSequenced) return 0n;
    const { firstIndex, count } = readEntriesSequenced(last);
    return firstIndex + BigInt(count);
  }

  /** The index that the log acknowledges; undefined when it acknowledges none. */
  async add(body: Uint8Array): Promise<bigint | undefined> {
    const { recorded } = this.options;
    const [log, ended] = [this.#log, this.#process];
    if (!log || !ended?.alive) return undefined;
    try {
      const { index } = await log.add(body, body.length);
      if (!ended.alive) return undefined;
      const committed = await this.committed();
      if (index >= committed) recorded.violation(`acknowledged index ${index} with ${committed} entries committed`);
      recorded.acknowledge(index, body);
      return index;
    } catch {
      return undefined;
    }
  }

  get hasMark(): boolean {
    return this.options.disk.visible(this.config.markFile) !== undefined;
  }

  /** An operator's explicit act: the mark of another machine, which has signed before. */
  async takeMarkOf(other: Machine): Promise<void> {
    const mark = other.options.disk.visible(other.config.markFile);
    if (!mark) return;
    await this.options.disk.prepareDirectory(dirname(this.config.markFile));
    this.options.disk.overwrite(this.config.markFile, mark);
  }

  /**
   * Until the log has published all that is committed, is frozen, has ended, or is `stale`: another machine has committed
   * what this one learns of at its next append.
   */
  async settled(): Promise<'published' | 'frozen' | 'ended' | 'stale'> {
    const until = performance.now() + SETTLED_WITHIN_MS;
    const staleAt = performance.now() + STALE_AFTER_MS;
    for (;;) {
      if (!this.running) return 'ended';
      if (await this.frozen()) return 'frozen';
      const current = this.#log?.current();
      if (current && current.size >= (await this.committed())) {
        this.options.recorded.checkpoint('a reader', current.note);
        await this.#expectProofs(current);
        return 'published';
      }
      if (performance.now() > staleAt && this.options.shared) return 'stale';
      if (performance.now() > until) throw new Error(`nothing was published in ${SETTLED_WITHIN_MS} ms`);
      await delay(1);
    }
  }

  /** What is published can be proven, the oldest entry and the newest one. */
  async #expectProofs({ size, root }: PublishedCheckpoint): Promise<void> {
    const { recorded } = this.options;
    const entries = await recorded.entries();
    for (const index of new Set([0n, size - 1n])) {
      if (index < 0n || index >= size) continue;
      try {
        const proof = (await this.#log?.proveInclusion(index, size)) ?? [];
        verifyInclusion({ index, size, leafHash: hashLeaf(entries[Number(index)] ?? new Uint8Array(0)), proof, root });
      } catch (error) {
        if (this.running) recorded.violation(`no proof of entry ${index} in the tree of ${size}: ${String(error)}`);
      }
    }
  }

  kill(): void {
    this.#process?.end();
    const log = this.#log;
    this.#log = undefined;
    void log?.close().catch(() => undefined);
  }

  powerCut(): void {
    this.kill();
    this.options.disk.powerCut();
  }

  /** An orderly end. */
  async stop(): Promise<void> {
    const [log, ended] = [this.#log, this.#process];
    this.#log = undefined;
    await log?.close().catch(() => undefined);
    ended?.end();
  }

  /** Started, and started again as often as a fault ends it: the refusal of a log is not a fault. */
  async ensureRunning(): Promise<void> {
    for (let left = 3; ; left--) {
      if (this.running && !(await this.frozen())) return;
      this.kill();
      try {
        await this.start();
      } catch (error) {
        const { faults } = this.options;
        // What a planned fault did is no refusal; it happens once.
        if (left === 0 || !(error instanceof ProcessEnded || faults?.fired)) throw error;
      }
    }
  }

  /** Adds them all, at once, and again whatever wasn't acknowledged, until the log has published them. */
  async addAll(bodies: readonly Uint8Array[]): Promise<void> {
    let left = bodies;
    for (let round = 0; ; round++) {
      if (round === 12) throw new Error(`${left.length} entries are not acknowledged: ${await this.frozen()}`);
      await this.ensureRunning();
      const indexes = await Promise.all(left.map((body) => this.add(body)));
      left = left.filter((_, at) => indexes[at] === undefined);
      const state = await this.settled();
      if (state === 'published' && left.length === 0) return;
      if (state === 'stale') left = [...left, new TextEncoder().encode(`to wake it up: ${this.#nudges++}`)];
    }
  }
}
