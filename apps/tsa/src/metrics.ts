import { Counter, type Registry } from 'prom-client';

export type TimestampResult = 'granted' | 'rejected' | 'malformed' | 'refused' | 'unsupported-media-type';

export class TsaMetrics {
  readonly #answers: Counter<'result'>;

  constructor(registry: Registry) {
    this.#answers = new Counter({
      name: 'tsa_timestamps_total',
      help: 'Answers to timestamp queries: granted, rejected in the words of RFC 3161, or an HTTP error.',
      labelNames: ['result'],
      registers: [registry],
    });
  }

  answered(result: TimestampResult): void {
    this.#answers.inc({ result });
  }
}
