import { utf8Decode } from '#libs/crypto';
import { formatNote } from '#libs/note';
import { formatCheckpoint } from '#libs/tlog';
import type { Logger } from 'pino';
import type { CheckpointCosigned } from './checkpoint-cosigned.js';
import type { Proposal } from './proposal.js';
import type { RefusalReason } from './refusal.js';

/** Tells the operator of a log that has signed two trees. */
export class Alarm {
  constructor(private readonly logger: Logger) {}

  /**
   * Both notes go into the line: two signatures by one log, over two roots of one size, convict it before anyone. (A proof
   * that does not hold is no such thing.) tlog-witness: the request may be kept, "as it might be proof of misbehavior".
   */
  refused(reason: RefusalReason, last: CheckpointCosigned, { checkpoint, signatures }: Proposal): void {
    if (reason !== 'other-root') return;
    const refused = formatNote({ text: formatCheckpoint(checkpoint), signatures });
    const notes = { cosigned: utf8Decode(last.note), refused: utf8Decode(refused) };
    this.logger.error(
      { origin: checkpoint.origin, size: String(checkpoint.size), ...notes },
      'a log has two roots for one size',
    );
  }
}
