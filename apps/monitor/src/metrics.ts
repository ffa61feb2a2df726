import { Counter, Gauge, type Registry } from 'prom-client';
import { ALARM_KINDS, type AlarmKind } from './alarms/alarm.js';
import type { Alarms } from './alarms/alarms.js';
import type { View } from './watched-log.js';

/** What the monitor counts. Labels have few values: never an origin or a URL. */
export class MonitorMetrics {
  readonly #polls: Counter<'view' | 'outcome'>;
  readonly #deliveries: Counter<'outcome'>;

  constructor(registry: Registry, logs: number, alarms: Alarms) {
    const registers = [registry];
    const kinds = Object.keys(ALARM_KINDS) as AlarmKind[];
    new Gauge({
      name: 'tally_monitor_alarms',
      help: 'Alarms that last, by kind. "evidence" is a key that has signed two histories.',
      labelNames: ['kind'],
      registers,
      collect() {
        for (const kind of kinds) this.set({ kind }, alarms.count(kind));
      },
    });
    new Gauge({ name: 'tally_monitor_logs', help: 'Logs that are followed.', registers }).set(logs);
    new Gauge({
      name: 'tally_monitor_webhook_waiting',
      help: 'Messages about alarms that the webhook has not taken yet.',
      registers,
      collect() {
        this.set(alarms.waiting());
      },
    });
    this.#polls = new Counter({
      name: 'tally_monitor_polls_total',
      help: 'Checkpoints that were asked for, by whose address it was.',
      labelNames: ['view', 'outcome'],
      registers,
    });
    this.#deliveries = new Counter({
      name: 'tally_monitor_webhook_deliveries_total',
      help: 'Alarms that the webhook took, or did not.',
      labelNames: ['outcome'],
      registers,
    });
    // An alert on the increase of a series that does not exist yet would miss its first event.
    for (const outcome of ['delivered', 'failed']) this.#deliveries.inc({ outcome }, 0);
    for (const view of ['log', 'mirror', 'witness'])
      for (const outcome of ['shown', 'failed']) this.#polls.inc({ view, outcome }, 0);
  }

  polled(view: View['kind'], well: boolean): void {
    this.#polls.inc({ view, outcome: well ? 'shown' : 'failed' });
  }

  delivered(outcome: 'delivered' | 'failed'): void {
    this.#deliveries.inc({ outcome });
  }
}
