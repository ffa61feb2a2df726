import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SqliteEventStore } from '#libs/event-store';
import { createLogger, Readiness } from '#libs/server';
import { Registry } from 'prom-client';
import type { LogConfig } from '../../apps/log/src/config.js';
import { rekorKind } from '../../apps/log/src/entries/rekor-kind.js';
import { Log } from '../../apps/log/src/log.js';
import type { RecordedLog } from './recorded-log.js';

/** The log's engine on a real disk, with its own store: a folder for its data, and one beside for its mark. */
export class RealLog {
  #log: Log<Uint8Array> | undefined;
  #readiness = new Readiness();

  private constructor(
    readonly config: LogConfig,
    private readonly recorded: RecordedLog,
  ) {}

  static async create(recorded: RecordedLog, policyFile?: string, folder?: string): Promise<RealLog> {
    const home = folder ?? (await mkdtemp(join(tmpdir(), 'tally-real-')));
    return new RealLog(
      {
        profile: 'development',
        host: '127.0.0.1',
        port: 0,
        kind: 'rekor',
        origin: recorded.origin,
        inception: new Date(),
        dataDirectory: join(home, 'data'),
        keyFile: join(home, 'key'),
        markFile: join(home, 'mark'),
        poolLimit: 4096,
        checkpointIntervalMs: 0,
        ...(policyFile !== undefined && { policyFile }),
      } as LogConfig,
      recorded,
    );
  }

  get home(): string {
    return join(this.config.dataDirectory, '..');
  }

  /** @throws what the log refuses to start with */
  async start(): Promise<void> {
    const kind = rekorKind(this.recorded.origin, this.recorded.signer);
    this.#readiness = new Readiness();
    const context = {
      name: 'log',
      logger: createLogger('log', { write: () => undefined }),
      registry: new Registry(),
      readiness: this.#readiness,
    };
    const observed: typeof kind = {
      ...kind,
      noteSigner: (timestampMs) => {
        const { key, sign } = kind.noteSigner(timestampMs);
        return {
          key,
          sign: (text) => {
            this.recorded.checkpointText('the signer', text);
            return sign(text);
          },
        };
      },
    };
    this.#log = await Log.open(this.config, observed, context, { snapshotEntries: 50n });
    this.#log.start();
  }

  get log(): Log<Uint8Array> {
    if (!this.#log) throw new Error('the log does not run');
    return this.#log;
  }

  async frozen(): Promise<string | undefined> {
    return (await this.#readiness.checks().get('log')?.()) ?? undefined;
  }

  /** Adds them, and waits until they are published. */
  async add(bodies: readonly Uint8Array[]): Promise<void> {
    await Promise.all(
      bodies.map(async (body) => {
        const { index } = await this.log.add(body, body.length);
        this.recorded.acknowledge(index, body);
        this.recorded.checkpoint('a client', (await this.log.published(index)).note);
      }),
    );
  }

  async stop(): Promise<void> {
    await this.#log?.close();
    this.#log = undefined;
  }

  /** Starts, adds, waits for the snapshot, stops. */
  async runOnce(bodies: readonly Uint8Array[]): Promise<void> {
    await this.start();
    await this.add(bodies);
    await delay(20);
    await this.stop();
  }

  /** A copy of everything below a path of the home, taken while the log is stopped. */
  async backUp(path = '.'): Promise<{ restore(): Promise<void> }> {
    const kept = await mkdtemp(join(tmpdir(), 'tally-backup-'));
    await cp(join(this.home, path), join(kept, 'copy'), { recursive: true });
    return {
      restore: async () => {
        await rm(join(this.home, path), { recursive: true });
        await cp(join(kept, 'copy'), join(this.home, path), { recursive: true });
        await rm(kept, { recursive: true });
      },
    };
  }

  /** What is wrong with everything that was ever seen, held against this store. */
  async findings(): Promise<string[]> {
    const store = await SqliteEventStore.open({ path: join(this.config.dataDirectory, 'events.sqlite') });
    try {
      return await this.recorded.findings(store);
    } finally {
      await store.close();
    }
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}
