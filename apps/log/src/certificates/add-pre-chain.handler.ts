import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { encodeDigitallySigned, sctSignedData } from '#libs/certificate';
import { sctExtensions } from '#libs/tlog';
import { CertificateLog } from './certificate-log.js';
import { admitPreChain, parseAddPreChain } from './pre-chain.js';

/** A signed certificate timestamp as RFC 6962 §4.1 answers it. */
export interface SctAnswer {
  readonly id: Uint8Array;
  readonly timestampMs: bigint;
  readonly extensions: Uint8Array;
  /** DigitallySigned. */
  readonly signature: Uint8Array;
}

/** RFC 6962 §4.2: the parsed JSON of an add-pre-chain request. */
export class AddPreChain extends Command<SctAnswer> {
  constructor(readonly request: unknown) {
    super();
  }
}

@CommandHandler(AddPreChain)
export class AddPreChainHandler implements ICommandHandler<AddPreChain> {
  constructor(private readonly certificates: CertificateLog) {}

  /** The SCT leaves once a published checkpoint covers its entry. @throws PreChainError, LogError */
  async execute({ request }: AddPreChain): Promise<SctAnswer> {
    const { log, signer, roots } = this.certificates;
    const preChain = admitPreChain(parseAddPreChain(request), roots);
    await log.tiles.writeIssuers(preChain.issuers); // durable before the commit that names them
    const { index, sequencedAtMs: timestampMs } = await log.add(
      preChain,
      preChain.precertificate.length + preChain.tbs.length,
    );
    await log.published(index);
    const extensions = sctExtensions(index);
    const { issuerKeyHash, tbs } = preChain;
    const signed = sctSignedData({ timestampMs, issuerKeyHash, tbs, extensions });
    const signature = encodeDigitallySigned(signer.scheme, await signer.sign(signed));
    return { id: log.logId, timestampMs, extensions, signature };
  }
}
