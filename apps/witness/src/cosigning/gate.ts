import type { Lookback } from '../lookback/lookback.js';
import type { AddCheckpointAnswer } from './answer.js';
import type { Budget } from './budget.js';
import type { CheckpointCosigned } from './checkpoint-cosigned.js';
import type { LatestCosigned } from './latest-cosigned.js';
import type { Observer, Outcome } from './observer.js';
import type { Submission } from './proposal.js';
import { refuse, type Refusal } from './refusal.js';

/** How long a log waits before it asks again when its published checkpoint could not be looked at. */
const LOOK_AGAIN_SECONDS = 10;

/** What stands between a checkpoint and its cosignature besides the rule: what others saw, what was forgotten, how often. */
export class Gate {
  constructor(
    private readonly observer: Observer,
    private readonly lookback: Lookback,
    private readonly budget: Budget,
    private readonly latest: LatestCosigned,
  ) {}

  /** Why nothing of this log is answered as usual. Called for whatever a log has signed. @throws EventStoreError */
  async forbids({ heads, note, log }: Submission): Promise<Refusal | undefined> {
    const frozen = this.freezes({ heads });
    if (frozen) return frozen;
    await this.lookback.observe(note);
    return this.lookback.isOutdated(log) ? OUTDATED : undefined;
  }

  /** The log, or this witness, has been convicted. To be asked again after everything that was waited for. */
  freezes({ heads }: Pick<Submission, 'heads'>): Refusal | undefined {
    // All of them: an observer judges each.
    const [reason] = heads.map((head) => this.observer.refuses(head)).filter((said) => said !== undefined);
    return reason === undefined ? undefined : refuse('frozen', reason);
  }

  /** What else is to be said to a checkpoint that would be cosigned now. @throws EventStoreError */
  async bars({ log, proposal }: Submission, last: CheckpointCosigned | undefined): Promise<Barred | undefined> {
    switch (await this.lookback.stateOf(log)) {
      case 'outdated':
        return OUTDATED;
      case 'unknown': {
        const message =
          'this witness may have forgotten what it cosigned, and the checkpoint of the log can not be read';
        return { kind: 'busy', message, retryAfterSeconds: LOOK_AGAIN_SECONDS };
      }
      case 'good':
        break;
    }
    if (log.qpd === undefined) return undefined;
    const isNew = last === undefined || proposal.checkpoint.size > last.size;
    // Anybody can ask for a fresh time, with the checkpoint that everybody sees. What he uses up is not what the log needs.
    // A clock that nobody can set, in whole numbers: those take no memory of their own.
    const now = Math.round(performance.now());
    const waitMs = this.budget.take(isNew ? log.origin : `again ${log.origin}`, log.qpd, now);
    if (waitMs === undefined) return undefined;
    return isNew ? { kind: 'rate-limited', retryAfterSeconds: Math.ceil(waitMs / 1000) } : { kind: 'repeat' };
  }

  /** Called before the answer is sent. */
  seen({ heads, log }: Submission, outcome: Outcome, last: CheckpointCosigned | undefined): void {
    if (outcome === 'cosigned') this.latest.add(log.origin);
    for (const head of heads) this.observer.seen(head, outcome, last);
  }
}

/** `repeat`: the cosignature that is there is good enough. */
export type Barred = AddCheckpointAnswer | { readonly kind: 'repeat' };

const OUTDATED = refuse(
  'record-outdated',
  'this witness has cosigned more of the log than it remembers: its operator has to act',
);
