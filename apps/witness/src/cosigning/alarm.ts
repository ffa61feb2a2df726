import { utf8Decode } from '#libs/crypto';
import type { Logger } from 'pino';
import type { CheckpointCosigned } from './checkpoint-cosigned.js';
import { Observer, type FrozenLog, type Outcome, type SeenHead } from './observer.js';

/** Tells the operator of a log that has signed two trees, and forbids nothing. */
export class Alarm extends Observer {
  constructor(private readonly logger: Logger) {
    super();
  }

  refuses(): undefined {
    return undefined;
  }

  /**
   * Both notes go into the line: two signatures by one log, over two roots of one size, convict it before anyone. (A proof
   * that does not hold is no such thing.) tlog-witness: the request may be kept, "as it might be proof of misbehavior".
   */
  seen({ checkpoint, note }: SeenHead, outcome: Outcome, last: CheckpointCosigned | undefined): void {
    if (outcome !== 'other-root' || !last) return;
    const notes = { cosigned: utf8Decode(last.note), refused: utf8Decode(note) };
    this.logger.error(
      { origin: checkpoint.origin, size: String(checkpoint.size), ...notes },
      'a log has two roots for one size',
    );
  }

  frozen(): readonly FrozenLog[] {
    return [];
  }
}
