import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { randomSerialNumber } from '#libs/issuing';
import { identify } from './identity/identity.js';
import { CertificateAuthority } from './issuance/certificate-authority.js';
import { IssuanceJournal } from './issuance/issuance-journal.js';
import { CaMetrics } from './metrics.js';
import { possessedKey } from './possession/possessed-key.js';
import type { SigningCertificateRequest } from './signing-certificate-request.js';
import { verifyIdToken } from './token/id-token.js';
import { TrustedIssuers } from './token/trusted-issuers.js';

/** Identity token and key in, certificate chain out (DER, leaf first). */
export class IssueCertificate extends Command<readonly Uint8Array[]> {
  constructor(readonly request: SigningCertificateRequest) {
    super();
  }
}

@CommandHandler(IssueCertificate)
export class IssueCertificateHandler implements ICommandHandler<IssueCertificate> {
  constructor(
    private readonly trusted: TrustedIssuers,
    private readonly authority: CertificateAuthority,
    private readonly journal: IssuanceJournal,
    private readonly metrics: CaMetrics,
  ) {}

  async execute({ request }: IssueCertificate): Promise<readonly Uint8Array[]> {
    const now = new Date();
    const { issuer, claims } = await verifyIdToken(request.identityToken, this.trusted, now);
    const identity = identify(issuer, claims);
    const key = possessedKey(request.key, identity.challenge);
    const { chain, event } = await this.authority.issue(identity, key, randomSerialNumber(), now);
    await this.journal.record(event); // nothing is handed out that a crash could make us forget
    this.metrics.issued(issuer.type);
    return chain;
  }
}
