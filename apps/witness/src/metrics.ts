import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { OUTCOMES } from './cosigning/answer.js';
import type { Outcome } from './cosigning/observer.js';
import { REFUSALS } from './cosigning/refusal.js';

/** What changes by itself, and is asked when somebody looks. */
export interface WitnessGauges {
  readonly logs: () => number;
  readonly frozen: () => number;
  readonly outdated: () => number;
}

/** What the witness counts. Labels have few values: never an origin or a hash. */
export class WitnessMetrics {
  readonly #answers: Counter<'outcome'>;
  readonly #cosigning: Histogram;
  readonly #pulls: Counter<'outcome'>;
  readonly #counted = new Map<Outcome, number>();

  constructor(registry: Registry, { logs, frozen, outdated }: WitnessGauges) {
    const registers = [registry];
    this.#answers = new Counter({
      name: 'witness_add_checkpoint_total',
      help: 'Answers to add-checkpoint. "other-root" is a log that has signed two trees of one size.',
      labelNames: ['outcome'],
      registers,
    });
    // An alert on the increase of a series that does not exist yet would miss its first event, which may be the only one.
    const refusals = Object.keys(REFUSALS) as Outcome[];
    for (const outcome of [...OUTCOMES, ...refusals]) this.#answers.inc({ outcome }, 0);
    this.#cosigning = new Histogram({
      name: 'witness_cosign_duration_seconds',
      help: 'From a whole request to its cosignature, the commit included.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    });
    this.#pulls = new Counter({
      name: 'witness_log_list_pulls_total',
      help: 'Log lists that were fetched or read. "key-change" is a list that names another key for a log that is known.',
      labelNames: ['outcome'],
      registers,
    });
    for (const outcome of ['taken', 'unchanged', 'failed', 'key-change']) this.#pulls.inc({ outcome }, 0);
    const gauge = (name: string, help: string, value: () => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    };
    gauge('witness_logs', 'Origins that the witness cosigns.', logs);
    gauge('witness_frozen_logs', 'Logs that are not cosigned any more, because they were caught.', frozen);
    gauge(
      'witness_outdated_records',
      'Logs of which more was cosigned than is remembered: the data is an older copy.',
      outdated,
    );
  }

  answered(outcome: Outcome, seconds: number): void {
    this.#answers.inc({ outcome });
    this.#counted.set(outcome, (this.#counted.get(outcome) ?? 0) + 1);
    if (outcome === 'cosigned') this.#cosigning.observe(seconds);
  }

  pulled(outcome: 'taken' | 'unchanged' | 'failed' | 'key-change'): void {
    this.#pulls.inc({ outcome });
  }

  /** Answers since the start. */
  answers(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counted);
  }
}
