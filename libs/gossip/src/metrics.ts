import { Counter, Gauge, type Registry } from 'prom-client';
import type { SyncKind, Verdict } from '#libs/p2p';
import type { Observer } from './observer.js';

/** What an operator sees of the observer. Never an origin in a label: there may be forty thousand. */
export class GossipMetrics {
  readonly #verdicts: Counter<'kind' | 'verdict'>;
  readonly #suspicions: Counter<'kind'>;
  #observer: Observer | undefined;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#verdicts = new Counter({
      name: 'tally_gossip_verdicts_total',
      help: 'Messages by what they were and what became of them.',
      labelNames: ['kind', 'verdict'],
      registers,
    });
    this.#suspicions = new Counter({
      name: 'tally_gossip_suspicions_total',
      help: 'Things that look wrong and are not proven.',
      labelNames: ['kind'],
      registers,
    });
    const observed = (name: string, help: string, value: (observer: Observer) => number): void => {
      const current = (): number => (this.#observer ? value(this.#observer) : 0);
      const collect = (): void => gauge.set(current());
      const gauge: Gauge = new Gauge({ name, help, registers, collect });
    };
    observed(
      'tally_gossip_evidence',
      'Keys that evidence is held against. Set an alert on anything above 0.',
      (observer) => observer.evidence.list().length,
    );
    observed(
      'tally_gossip_frozen_keys',
      'Keys that are frozen.',
      (observer) => observer.evidence.list().filter(({ frozen }) => frozen).length,
    );
    observed('tally_gossip_loose_heads', 'Heads that wait for a proof.', (observer) => observer.count().loose);
    observed(
      'tally_gossip_unlinked_logs',
      'Logs whose heads nothing could link so far.',
      (observer) => observer.count().unlinked,
    );
  }

  watch(observer: Observer): void {
    this.#observer = observer;
  }

  verdict(kind: SyncKind, verdict: Verdict): void {
    this.#verdicts.inc({ kind, verdict });
  }

  suspicion(kind: string): void {
    this.#suspicions.inc({ kind });
  }
}
