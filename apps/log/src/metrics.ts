import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Freeze } from './sequencer/freeze.js';

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** What an operator sees of the round. */
export class LogMetrics {
  readonly roundSeconds: Histogram;
  readonly roundEntries: Histogram;
  readonly tileSeconds: Histogram;
  readonly cosignSeconds: Histogram<'seconds'>;
  readonly cosignatures: Counter<'witness' | 'outcome'>;
  readonly refused: Counter<'code'>;
  readonly treeSize: Gauge;
  readonly signedSize: Gauge;
  readonly publishedSize: Gauge;
  #publishedAtMs: number | undefined;

  constructor(private readonly registry: Registry) {
    const registers = [registry];
    this.roundSeconds = new Histogram({
      name: 'tally_log_round_seconds',
      help: 'From taking entries to their commit and integration.',
      buckets: SECONDS,
      registers,
    });
    this.roundEntries = new Histogram({
      name: 'tally_log_round_entries',
      help: 'Entries in a round.',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
      registers,
    });
    this.tileSeconds = new Histogram({
      name: 'tally_log_tile_write_seconds',
      help: 'Writing the tiles of a checkpoint.',
      buckets: SECONDS,
      registers,
    });
    this.cosignSeconds = new Histogram({
      name: 'tally_log_cosign_seconds',
      help: 'Collecting the cosignatures of a checkpoint.',
      buckets: SECONDS,
      registers,
    });
    this.cosignatures = new Counter({
      name: 'tally_log_cosignatures_total',
      help: 'Answers of witnesses.',
      labelNames: ['witness', 'outcome'],
      registers,
    });
    this.refused = new Counter({
      name: 'tally_log_refused_total',
      help: 'Entries that were not admitted or not answered.',
      labelNames: ['code'],
      registers,
    });
    this.treeSize = new Gauge({ name: 'tally_log_tree_size_entries', help: 'Entries committed.', registers });
    this.signedSize = new Gauge({
      name: 'tally_log_signed_size_entries',
      help: 'Size of the newest signed checkpoint.',
      registers,
    });
    this.publishedSize = new Gauge({
      name: 'tally_log_published_size_entries',
      help: 'Size of the published checkpoint.',
      registers,
    });
  }

  published(size: number, atMs: number): void {
    this.publishedSize.set(size);
    this.#publishedAtMs = atMs;
  }

  /** Figures that are read when somebody asks. */
  observe(pool: { readonly length: number }, freeze: Freeze, now: () => number): void {
    const registers = [this.registry];
    const secondsSincePublished = (): number | undefined =>
      this.#publishedAtMs === undefined ? undefined : (now() - this.#publishedAtMs) / 1000;
    new Gauge({
      name: 'tally_log_pool_entries',
      help: 'Entries that wait to be sequenced.',
      registers,
      collect() {
        this.set(pool.length);
      },
    });
    new Gauge({
      name: 'tally_log_frozen',
      help: '1 when the log is frozen, and an operator has to look.',
      registers,
      collect() {
        this.set(freeze.reason === undefined ? 0 : 1);
      },
    });
    new Gauge({
      name: 'tally_log_published_age_seconds',
      help: 'Since the last checkpoint was published by this process.',
      registers,
      collect() {
        const seconds = secondsSincePublished();
        if (seconds !== undefined) this.set(seconds);
      },
    });
  }
}
