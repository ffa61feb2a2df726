import { Body, Controller, Get, Headers, HttpCode, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { encodePem } from '#libs/crypto';
import { challengeClaim } from './identity/issuers.js';
import { CertificateAuthority } from './issuance/certificate-authority.js';
import { IssuanceError } from './issuance-error.js';
import { IssueCertificate } from './issue-certificate.handler.js';
import { CaMetrics } from './metrics.js';
import { rpcStatus } from './rpc-status.js';
import { parseSigningCertificateRequest } from './signing-certificate-request.js';
import { TrustedIssuers } from './token/trusted-issuers.js';

interface CertificateChain {
  /** PEM, leaf or intermediate first, root last. */
  readonly certificates: readonly string[];
}

/** Fulcio's HTTP API, version 2 (fulcio.proto). Answers are JSON whatever `Accept` says: sigstore-python asks for PEM and reads JSON. */
@Controller('api/v2')
export class CaController {
  constructor(
    private readonly commands: CommandBus,
    private readonly authority: CertificateAuthority,
    private readonly trusted: TrustedIssuers,
    private readonly metrics: CaMetrics,
  ) {}

  // Clients take 200 only; Nest's default for a POST is 201.
  @Post('signingCert')
  @HttpCode(200)
  async createSigningCertificate(
    @Body() body: unknown,
    @Headers('authorization') authorization?: string,
  ): Promise<{ signedCertificateEmbeddedSct: { chain: CertificateChain } }> {
    try {
      const chain = await this.commands.execute(
        new IssueCertificate(parseSigningCertificateRequest(body, authorization)),
      );
      return { signedCertificateEmbeddedSct: { chain: pemChain(chain) } };
    } catch (error) {
      if (!(error instanceof IssuanceError)) throw error;
      this.metrics.refused(error.code);
      throw rpcStatus(error);
    }
  }

  @Get('trustBundle')
  trustBundle(): { chains: readonly CertificateChain[] } {
    return { chains: [pemChain(this.authority.chain.map(({ raw }) => raw))] };
  }

  @Get('configuration')
  configuration(): { issuers: readonly object[] } {
    return {
      issuers: [...this.trusted.issuers.values()].map((issuer) => ({
        issuerUrl: issuer.url,
        audience: issuer.audience,
        challengeClaim: challengeClaim(issuer),
        spiffeTrustDomain: '',
        issuerType: issuer.type,
        subjectDomain: issuer.type === 'uri' ? issuer.subjectDomain : '',
        skipEmailVerification: false,
      })),
    };
  }
}

function pemChain(chain: readonly Uint8Array[]): CertificateChain {
  return { certificates: chain.map((der) => encodePem('CERTIFICATE', der)) };
}
