import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { originHash } from '#libs/tlog';
import { Alarm } from './alarm.js';
import { Cosigner } from './cosigner.js';
import { decide } from './decide.js';
import { Heads } from './heads.js';
import { KnownLogs } from './known-logs.js';
import { readProposal } from './proposal.js';
import type { Refusal } from './refusal.js';

export type AddCheckpointAnswer =
  | { readonly kind: 'cosigned'; /** Our signature lines. */ readonly lines: string }
  /** The size of what was cosigned last. */
  | { readonly kind: 'conflict'; readonly size: bigint }
  /** Too many requests for one origin at one moment. */
  | { readonly kind: 'busy' }
  | Refusal;

/** How often a request that was overtaken looks again. */
const ATTEMPTS = 8;

/** The body of tlog-witness `add-checkpoint`. */
export class AddCheckpoint extends Command<AddCheckpointAnswer> {
  constructor(readonly body: Uint8Array) {
    super();
  }
}

@CommandHandler(AddCheckpoint)
export class AddCheckpointHandler implements ICommandHandler<AddCheckpoint> {
  constructor(
    private readonly logs: KnownLogs,
    private readonly heads: Heads,
    private readonly cosigner: Cosigner,
    private readonly alarm: Alarm,
  ) {}

  async execute({ body }: AddCheckpoint): Promise<AddCheckpointAnswer> {
    const proposal = readProposal(body, this.logs);
    if (proposal.kind === 'refused') return proposal;
    const origin = originHash(proposal.checkpoint.origin);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const head = await this.heads.load(origin);
      const decision = decide(head.cosigned, proposal, BigInt(Math.floor(Date.now() / 1000)));
      if (decision.kind === 'refused' && head.cosigned) this.alarm.refused(decision.reason, head.cosigned, proposal);
      if (decision.kind !== 'cosign') return decision;
      const cosigned = await this.cosigner.cosign(proposal, decision.timestamp);
      // tlog-witness: the checkpoint is persisted before the answer. Until then the cosignature stays in here.
      if (await this.heads.advance(origin, head, cosigned)) return { kind: 'cosigned', lines: cosigned.line };
    }
    return { kind: 'busy' };
  }
}
