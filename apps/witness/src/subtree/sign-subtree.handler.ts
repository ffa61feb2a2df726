import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Cosigner } from '../cosigning/cosigner.js';
import { Observer } from '../cosigning/observer.js';
import { KnownLogs } from '../logs/known-logs.js';
import { OutdatedRecords } from '../lookback/outdated.js';
import { judgeSubtree, type SubtreeVerdict } from './judge-subtree.js';

export type SignSubtreeAnswer =
  | { readonly kind: 'signed'; readonly line: string }
  | { readonly kind: 'busy' }
  | Extract<SubtreeVerdict, { kind: 'refused' }>;

/** Whoever has a cosigned checkpoint can ask for any number of these, so few are made at once. */
const UNDER_WAY_MAX = 32;

/** The body of tlog-witness `sign-subtree`. */
export class SignSubtree extends Command<SignSubtreeAnswer> {
  constructor(readonly body: Uint8Array) {
    super();
  }
}

@CommandHandler(SignSubtree)
export class SignSubtreeHandler implements ICommandHandler<SignSubtree> {
  #underWay = 0;

  constructor(
    private readonly logs: KnownLogs,
    private readonly cosigner: Cosigner,
    private readonly observer: Observer,
    private readonly outdated: OutdatedRecords,
  ) {}

  async execute({ body }: SignSubtree): Promise<SignSubtreeAnswer> {
    if (this.#underWay >= UNDER_WAY_MAX) return { kind: 'busy' };
    this.#underWay++;
    try {
      const verdict = judgeSubtree(body, (origin) => this.#isCosigned(origin), this.cosigner.verifiers);
      if (verdict.kind === 'refused') return verdict;
      const line = await this.cosigner.cosignSubtree(verdict.subtree);
      if (line === undefined) return { kind: 'refused', status: 404, message: 'this witness signs no subtrees' };
      return { kind: 'signed', line };
    } finally {
      this.#underWay--;
    }
  }

  #isCosigned(origin: string): boolean {
    const frozen = this.observer.frozen().some((log) => log.origin === origin);
    return this.logs.find(origin) !== undefined && !frozen && !this.outdated.find(origin);
  }
}
