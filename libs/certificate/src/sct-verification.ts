import { sha256, verify } from '#crypto';
import { concatBytes, equalBytes, u16, u64, vector, type PublicKey } from '#libs/crypto';
import type { Certificate } from './certificate.js';
import { CertificateError } from './certificate-error.js';
import { precertTbs } from './precertificate.js';
import { parseSctList, type Sct } from './sct.js';

const V1 = 0;
const CERTIFICATE_TIMESTAMP = 0;
const X509_ENTRY = 0;
const PRECERT_ENTRY = 1;

/** What a log promises to include: a precertificate, or a certificate that was logged as it is. */
export type SctInput = { readonly timestampMs: bigint; readonly extensions: Uint8Array } & (
  | {
      /** SHA-256 of the issuer's SubjectPublicKeyInfo. */ readonly issuerKeyHash: Uint8Array;
      /** See `precertTbs`. */ readonly tbs: Uint8Array;
    }
  | { readonly certificate: Uint8Array }
);

/** The bytes that the signature of an SCT covers (RFC 6962 §3.2). */
export function sctSignedData(input: SctInput): Uint8Array {
  const entry =
    'tbs' in input
      ? [u16(PRECERT_ENTRY), input.issuerKeyHash, vector(3, input.tbs)]
      : [u16(X509_ENTRY), vector(3, input.certificate)];
  return concatBytes(
    Uint8Array.of(V1, CERTIFICATE_TIMESTAMP),
    u64(input.timestampMs),
    ...entry,
    vector(2, input.extensions),
  );
}

export interface CtLog {
  readonly logId: Uint8Array;
  readonly publicKey: PublicKey;
  /** Both ends inclusive. */
  readonly validFor: { readonly start: Date; readonly end?: Date };
}

/**
 * Verifies that a trusted log promised to include a certificate. One good SCT is enough; with none, the error is that of
 * the first one.
 * @throws CertificateError no-sct, malformed-sct, unknown-log, outside-log-validity, invalid-sct-signature
 */
export function verifyEmbeddedSct<Log extends CtLog>(input: {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly logs: readonly Log[];
}): { sct: Sct; log: Log } {
  const { certificate, issuer, logs } = input;
  const issuerKeyHash = sha256(issuer.publicKey.spki);
  const tbs = precertTbs(certificate);
  const refusals: CertificateError[] = [];
  for (const sct of parseSctList(certificate)) {
    try {
      return { sct, log: verifySct(sct, sctSignedData({ ...sct, issuerKeyHash, tbs }), logs) };
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      refusals.push(error);
    }
  }
  throw refusals.at(0);
}

function verifySct<Log extends CtLog>(sct: Sct, signedData: Uint8Array, logs: readonly Log[]): Log {
  const log = logs.find(({ logId }) => equalBytes(logId, sct.logId));
  if (!log) throw new CertificateError('unknown-log', 'an SCT is by a log that is not trusted');
  const { start, end } = log.validFor;
  const time = sct.timestampMs;
  if (time < BigInt(start.getTime()) || (end && time > BigInt(end.getTime()))) {
    throw new CertificateError('outside-log-validity', `an SCT is of ${time} ms, when its log was not trusted`);
  }
  if (!verify(log.publicKey, sct.scheme, signedData, sct.signature)) {
    throw new CertificateError(
      'invalid-sct-signature',
      'the signature of an SCT is not by its log over this certificate',
    );
  }
  return log;
}
