import { Counter, Gauge, type Registry } from 'prom-client';
import { DISK_RESERVE_BYTES, type DiskRoom } from './disk-room.js';
import type { RoundOutcome } from './follower.js';

/** What the mirror counts. Labels have few values: never an origin or a hash. */
export class MirrorMetrics {
  readonly #proposals: Counter<'outcome'>;
  readonly #uploads: Counter<'status'>;
  readonly #rounds: Counter<'outcome'>;
  readonly #conflicts: Counter;

  constructor(registry: Registry, logs: number, room: DiskRoom) {
    const registers = [registry];
    this.#proposals = new Counter({
      name: 'mirror_add_checkpoint_total',
      help: 'Answers to add-checkpoint of the mirror.',
      labelNames: ['outcome'],
      registers,
    });
    this.#uploads = new Counter({
      name: 'mirror_add_entries_total',
      help: 'Answers to add-entries by status.',
      labelNames: ['status'],
      registers,
    });
    this.#rounds = new Counter({
      name: 'mirror_follow_total',
      help: 'Looks at the logs that are followed, by what came of them.',
      labelNames: ['outcome'],
      registers,
    });
    this.#conflicts = new Counter({
      name: 'mirror_conflicts_total',
      help: 'Checkpoints of a log that contradict the history that is mirrored. Set an alert on it.',
      registers,
    });
    new Gauge({
      name: 'mirror_disk_free_bytes',
      help: `Room on the disk of the mirror. Below ${DISK_RESERVE_BYTES} it stores nothing more.`,
      registers,
      async collect() {
        this.set((await room.free()) ?? Number.NaN);
      },
    });
    new Gauge({ name: 'mirror_logs', help: 'Logs that are mirrored.', registers }).set(logs);
  }

  proposed(outcome: string): void {
    this.#proposals.inc({ outcome });
  }

  uploaded(status: number): void {
    this.#uploads.inc({ status: String(status) });
  }

  looked(outcome: RoundOutcome): void {
    this.#rounds.inc({ outcome });
  }

  conflicted(): void {
    this.#conflicts.inc();
  }
}
