import { type Certificate, EXTENDED_KEY_USAGE, parseCertificate, verifyChain } from '#libs/certificate';
import { CodedError, decodePem, equalBytes } from '#libs/crypto';
import { createTimestampResponse } from '#libs/issuing';
import type { Signer } from '#libs/signer';
import type { TimestampRequest } from '#libs/timestamp';

class AuthorityError extends CodedError<'malformed-chain' | 'wrong-key' | 'development-certificate'> {}

/** What the names of a development deployment end with; no production certificate bears it. */
const DEVELOPMENT_NAME = '.tally.localhost';

/** The key that signs timestamps, its certificates, and the policy under which it does. */
export class TimestampAuthority {
  /** That of the key first, the root last. */
  readonly chain: readonly [Certificate, ...Certificate[]];

  /** @throws AuthorityError malformed-chain, wrong-key · CertificateError for a chain that doesn't hold at `now` */
  constructor(
    private readonly signer: Signer,
    chainPem: string,
    readonly policy: string,
    now: Date,
  ) {
    this.chain = parseChain(chainPem);
    const [leaf, ...issuers] = this.chain;
    if (!equalBytes(leaf.publicKey.spki, signer.publicKey.spki)) {
      throw new AuthorityError('wrong-key', 'the first certificate of the chain is not that of the TSA key');
    }
    verifyChain({ leaf, chain: issuers, at: now, extendedKeyUsage: EXTENDED_KEY_USAGE.timeStamping });
  }

  /** A granted TimeStampResp. */
  timestamp(request: TimestampRequest, time: Date, serialNumber: Uint8Array): Promise<Uint8Array> {
    const { signer, chain, policy } = this;
    return createTimestampResponse({ request, signer, chain, time, serialNumber, policy });
  }

  /** Why no timestamp of this time would verify; undefined when it would. */
  problem(now: Date): string | undefined {
    const invalid = this.chain.findIndex(({ notBefore, notAfter }) => now < notBefore || now > notAfter);
    return invalid === -1 ? undefined : `certificate ${invalid} of the chain is not valid now`;
  }
}

/** @throws AuthorityError development-certificate */
export function requireProductionChain(chain: readonly Certificate[]): void {
  if (chain.some(({ subject }) => Buffer.from(subject).includes(DEVELOPMENT_NAME))) {
    throw new AuthorityError('development-certificate', 'the certificate chain is that of a development deployment');
  }
}

function parseChain(pem: string): readonly [Certificate, ...Certificate[]] {
  try {
    const [leaf, ...issuers] = decodePem(pem, 'CERTIFICATE').map(parseCertificate);
    if (leaf) return [leaf, ...issuers];
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw new AuthorityError('malformed-chain', `the certificate chain can't be read: ${cause.message}`, { cause });
  }
  throw new AuthorityError('malformed-chain', 'the certificate chain is empty');
}
