import { verify } from '#crypto';
import { type Certificate, parseCertificate } from '#libs/certificate';
import { CodedError, decodePem, equalBytes, type PublicKey } from '#libs/crypto';

class ChainError extends CodedError<'malformed-chain' | 'wrong-key' | 'broken-chain' | 'development-certificate'> {}

/** What the names of a development deployment end with; no production certificate bears it. */
const DEVELOPMENT_NAME = '.tally.localhost';

/** That of the CA key first, the self-signed root last. */
export type CaChain = readonly [Certificate, ...Certificate[]];

/**
 * Reads the certificates of a CA, each of them signed by the next. A chain that doesn't hold together would otherwise show
 * when somebody verifies what was signed under it, and then for ever.
 * @throws ChainError
 */
export function parseCaChain(pem: string, key: PublicKey): CaChain {
  const [issuing, ...above] = parsePem(pem);
  if (!issuing || !equalBytes(issuing.publicKey.spki, key.spki)) {
    throw new ChainError('wrong-key', 'the first certificate of the chain is not that of the CA key');
  }
  const chain: CaChain = [issuing, ...above];
  for (const [i, certificate] of chain.entries()) {
    const issuer = chain[i + 1] ?? certificate;
    const { signatureAlgorithm, tbs, signature } = certificate;
    const issued =
      certificate.isCa &&
      equalBytes(certificate.issuer, issuer.subject) &&
      verify(issuer.publicKey, signatureAlgorithm, tbs, signature);
    if (!issued) {
      throw new ChainError(
        'broken-chain',
        `certificate ${i} of the chain is no CA certificate signed by the one after it`,
      );
    }
  }
  return chain;
}

/** @throws ChainError development-certificate */
export function requireProductionChain(chain: CaChain): void {
  for (const [i, { subject }] of chain.entries()) {
    if (Buffer.from(subject).includes(DEVELOPMENT_NAME)) {
      throw new ChainError(
        'development-certificate',
        `certificate ${i} of the chain is that of a development deployment`,
      );
    }
  }
}

function parsePem(pem: string): Certificate[] {
  try {
    return decodePem(pem, 'CERTIFICATE').map(parseCertificate);
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw new ChainError('malformed-chain', `the certificate chain can't be read: ${cause.message}`, { cause });
  }
}
