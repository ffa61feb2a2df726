import { fromBase64, sha256 } from '#crypto';
import { CodedError, concatBytes, equalBytes } from '#libs/crypto';
import {
  CHAIN_MAX_CERTIFICATES,
  EXTENDED_KEY_USAGE,
  EXTENSION,
  isPrecertificate,
  parseCertificate,
  precertTbs,
  verifyChain,
  type Certificate,
} from '#libs/certificate';
import { dedupeKeyFrom, type DedupeKey } from '../log-kind.js';

/** A precertificate that may be logged. */
export interface PreChain {
  readonly precertificate: Uint8Array;
  /** TBSCertificate without the poison (RFC 6962 §3.2). */
  readonly tbs: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** The issuer first, the root last. */
  readonly issuers: readonly Uint8Array[];
}

export type PreChainErrorCode = 'malformed-request' | 'not-a-precertificate' | 'unknown-root' | 'invalid-chain';
export class PreChainError extends CodedError<PreChainErrorCode> {}

/** The DER certificates of an RFC 6962 §4.2 request; fields that it doesn't know are ignored. @throws PreChainError */
export function parseAddPreChain(request: unknown): Uint8Array[] {
  const chain: unknown = (request as { chain?: unknown } | null)?.chain;
  if (!Array.isArray(chain) || chain.length === 0 || chain.length > CHAIN_MAX_CERTIFICATES) {
    throw new PreChainError(
      'malformed-request',
      `"chain" should be a list of 1 to ${CHAIN_MAX_CERTIFICATES} certificates in base64`,
    );
  }
  return chain.map((certificate: unknown, i) => {
    if (typeof certificate !== 'string') throw new PreChainError('malformed-request', `chain[${i}] is not a string`);
    try {
      return fromBase64(certificate);
    } catch (cause) {
      throw new PreChainError('malformed-request', `chain[${i}] is not base64`, { cause });
    }
  });
}

/**
 * Admits a precertificate for code signing whose chain leads to an accepted root, which may be left out of the chain.
 * The chain is verified as of the precertificate's own beginning: a log takes late submissions.
 * @throws PreChainError
 */
export function admitPreChain(chain: readonly Uint8Array[], roots: readonly Certificate[]): PreChain {
  const [precertificate, ...issuers] = parsing('malformed-request', 'the chain', () =>
    chain.map((der) => parseCertificate(der)),
  );
  if (
    !precertificate ||
    !parsing('not-a-precertificate', 'the first certificate', () => isPrecertificate(precertificate))
  ) {
    throw new PreChainError(
      'not-a-precertificate',
      'the first certificate has no poison, it should be a precertificate',
    );
  }
  const last = issuers.at(-1) ?? precertificate;
  const isRoot = roots.some((root) => equalBytes(root.raw, last.raw));
  const root = roots.find((candidate) => equalBytes(candidate.subject, last.issuer));
  if (!root) throw new PreChainError('unknown-root', 'the chain does not lead to a root that this log accepts');
  const path = isRoot ? issuers : [...issuers, root];
  // The poison is critical so that nobody takes a precertificate for a certificate; here it is what we look for.
  const leaf = {
    ...precertificate,
    extensions: precertificate.extensions.filter(({ oid }) => oid !== EXTENSION.poison),
  };
  parsing('invalid-chain', 'the chain', () =>
    verifyChain({ leaf, chain: path, at: precertificate.notBefore, extendedKeyUsage: EXTENDED_KEY_USAGE.codeSigning }),
  );
  const issuer = path[0] ?? root;
  return {
    precertificate: precertificate.raw,
    tbs: precertTbs(precertificate),
    issuerKeyHash: sha256(issuer.publicKey.spki),
    issuers: path.map(({ raw }) => raw),
  };
}

function parsing<T>(code: PreChainErrorCode, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof CodedError) || error instanceof PreChainError) throw error;
    throw new PreChainError(code, `${what} can't be accepted: ${error.message}`, { cause: error });
  }
}

/** The same certificate from the same issuer is one entry (RFC 6962 §3: a log may answer with the SCT it gave before). */
export function preChainKey(issuerKeyHash: Uint8Array, tbs: Uint8Array): DedupeKey {
  return dedupeKeyFrom(sha256(concatBytes(issuerKeyHash, sha256(tbs))));
}
