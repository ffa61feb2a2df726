import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { originHash } from '#libs/tlog';
import { KnownLogs } from '../logs/known-logs.js';
import { outcomeOf, type AddCheckpointAnswer } from './answer.js';
import type { CheckpointCosigned } from './checkpoint-cosigned.js';
import { Cosigner } from './cosigner.js';
import { decide } from './decide.js';
import { Gate } from './gate.js';
import { Heads } from './heads.js';
import { readSubmission, type Submission } from './proposal.js';

/** How often a request that was overtaken looks again. */
const ATTEMPTS = 8;
/** Requests under way at once. Each waits for the disk, and a few for the published checkpoint of a log. */
const UNDER_WAY_MAX = 1024;

/** Who was held up for longer compares again: the time that is signed is to be the present one. */
const STALE_MS = 100;

/** The body of tlog-witness `add-checkpoint`. */
export class AddCheckpoint extends Command<AddCheckpointAnswer> {
  constructor(readonly body: Uint8Array) {
    super();
  }
}

@CommandHandler(AddCheckpoint)
export class AddCheckpointHandler implements ICommandHandler<AddCheckpoint> {
  #underWay = 0;

  constructor(
    private readonly logs: KnownLogs,
    private readonly heads: Heads,
    private readonly cosigner: Cosigner,
    private readonly gate: Gate,
  ) {}

  async execute({ body }: AddCheckpoint): Promise<AddCheckpointAnswer> {
    if (this.#underWay >= UNDER_WAY_MAX) return busy('too many requests at this moment');
    this.#underWay++;
    try {
      const submission = readSubmission(body, this.logs);
      return submission.kind === 'refused' ? submission : await this.#answer(submission);
    } finally {
      this.#underWay--;
    }
  }

  async #answer(submission: Submission): Promise<AddCheckpointAnswer> {
    const known: { last?: CheckpointCosigned | undefined } = {};
    try {
      const answer =
        (await this.gate.forbids(submission)) ?? (await this.#cosign(submission, (last) => (known.last = last)));
      this.gate.seen(submission, outcomeOf(answer), known.last);
      return answer;
    } catch (error) {
      this.gate.seen(submission, 'unavailable', known.last);
      throw error;
    }
  }

  async #cosign(
    submission: Submission,
    compared: (last: CheckpointCosigned | undefined) => void,
  ): Promise<AddCheckpointAnswer> {
    const { proposal } = submission;
    const origin = originHash(proposal.checkpoint.origin);
    let admitted = false;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const head = await this.heads.load(origin);
      compared(head.cosigned);
      const decision = decide(head.cosigned, proposal, BigInt(Math.floor(Date.now() / 1000)));
      if (decision.kind !== 'cosign') return decision;
      if (!admitted) {
        const since = performance.now();
        const barred = await this.gate.bars(submission, head.cosigned);
        const lines = barred?.kind === 'repeat' ? this.cosigner.linesOn(proposal.checkpoint, head.cosigned) : undefined;
        if (lines !== undefined) return { kind: 'cosigned', lines };
        if (barred && barred.kind !== 'repeat') return barred;
        admitted = true;
        if (performance.now() - since > STALE_MS) continue;
      }
      const frozen = this.gate.freezes(submission);
      if (frozen) return frozen;
      const cosigned = await this.cosigner.cosign(proposal, decision.timestamp, head.cosigned);
      // tlog-witness: the checkpoint is persisted before the answer. Until then the cosignatures stay in here.
      if (await this.heads.advance(origin, head, cosigned)) return { kind: 'cosigned', lines: cosigned.lines };
    }
    return busy('too many requests for this log');
  }
}

function busy(message: string): AddCheckpointAnswer {
  return { kind: 'busy', message, retryAfterSeconds: 1 };
}
