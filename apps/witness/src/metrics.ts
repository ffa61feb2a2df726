import { Counter, Gauge, type Registry } from 'prom-client';
import type { AddCheckpointAnswer } from './cosigning/add-checkpoint.handler.js';
import { REFUSALS, type RefusalReason } from './cosigning/refusal.js';

type Outcome = Exclude<AddCheckpointAnswer['kind'], 'refused'> | RefusalReason;

/** What the witness counts. Labels have few values: never an origin or a hash. */
export class WitnessMetrics {
  readonly #answers: Counter<'outcome'>;

  constructor(registry: Registry, logs: number) {
    const registers = [registry];
    this.#answers = new Counter({
      name: 'witness_add_checkpoint_total',
      help: 'Answers to add-checkpoint. "other-root" is a log that has signed two trees of one size.',
      labelNames: ['outcome'],
      registers,
    });
    // An alert on the increase of a series that does not exist yet would miss its first event, which may be the only one.
    for (const reason of Object.keys(REFUSALS)) this.#answers.inc({ outcome: reason }, 0);
    new Gauge({ name: 'witness_logs', help: 'Origins that the witness is configured for.', registers }).set(logs);
  }

  answered(answer: AddCheckpointAnswer): void {
    const outcome: Outcome = answer.kind === 'refused' ? answer.reason : answer.kind;
    this.#answers.inc({ outcome });
  }
}
