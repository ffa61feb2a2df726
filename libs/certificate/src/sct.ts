import {
  ByteReader,
  concatBytes,
  DER,
  derOctetString,
  encodeDer,
  readDer,
  u64,
  vector,
  type SignatureScheme,
} from '#libs/crypto';
import type { Certificate } from './certificate.js';
import { CertificateError, parsing } from './certificate-error.js';
import { EXTENSION } from './extension-oids.js';

/** Each SCT costs a signature verification; a signing certificate has one. */
export const SCT_LIST_MAX = 16;
const LOG_ID_BYTES = 32;
const SCT_V1 = 0;

// RFC 5246 §7.4.1.4.1: hash and signature algorithm. RFC 6962 §2.1.4 allows these two.
const DIGITALLY_SIGNED: readonly { scheme: SignatureScheme; hash: number; signature: number }[] = [
  { scheme: 'ecdsa-sha256', hash: 4, signature: 3 },
  { scheme: 'rsa-pkcs1-sha256', hash: 4, signature: 1 },
];

/** A signed certificate timestamp, version 1 (RFC 6962 §3.2). */
export interface Sct {
  /** SHA-256 of the log's SubjectPublicKeyInfo. */
  readonly logId: Uint8Array;
  /** Milliseconds since 1970. */
  readonly timestampMs: bigint;
  /** CtExtensions without their length; static-ct-api puts the leaf index here. */
  readonly extensions: Uint8Array;
  readonly scheme: SignatureScheme;
  readonly signature: Uint8Array;
  /** The SerializedSCT. */
  readonly raw: Uint8Array;
}

/** Reads a SerializedSCT. @throws CertificateError malformed-sct */
export function parseSct(raw: Uint8Array): Sct {
  return parsing('malformed-sct', 'an SCT is malformed', () => {
    const reader = new ByteReader(raw);
    const version = reader.u8();
    if (version !== SCT_V1)
      throw new CertificateError('malformed-sct', `an SCT has version ${version}, it should be 0 (v1)`);
    const logId = reader.take(LOG_ID_BYTES);
    const timestampMs = reader.u64();
    const extensions = reader.vector(2);
    const { scheme, signature } = readDigitallySigned(reader);
    return { logId, timestampMs, extensions, scheme, signature, raw };
  });
}

function readDigitallySigned(reader: ByteReader): { scheme: SignatureScheme; signature: Uint8Array } {
  const [hash, algorithm] = [reader.u8(), reader.u8()];
  const signature = reader.vector(2);
  reader.end();
  const known = DIGITALLY_SIGNED.find((candidate) => candidate.hash === hash && candidate.signature === algorithm);
  if (!known) {
    throw new CertificateError(
      'malformed-sct',
      `an SCT is signed with hash ${hash} and algorithm ${algorithm}, RFC 6962 has SHA-256 with ECDSA or RSA`,
    );
  }
  return { scheme: known.scheme, signature };
}

/** The DigitallySigned structure around a log's signature (RFC 5246 §4.7). @throws CertificateError unsupported-algorithm */
export function encodeDigitallySigned(scheme: SignatureScheme, signature: Uint8Array): Uint8Array {
  const known = DIGITALLY_SIGNED.find((candidate) => candidate.scheme === scheme);
  if (!known)
    throw new CertificateError(
      'unsupported-algorithm',
      `${scheme} does not sign SCTs, RFC 6962 has SHA-256 with ECDSA or RSA`,
    );
  return concatBytes(Uint8Array.of(known.hash, known.signature), vector(2, signature));
}

/** The SerializedSCT of the parts that a log answers with (RFC 6962 §4.1). */
export function encodeSct(
  parts: Pick<Sct, 'logId' | 'timestampMs' | 'extensions'> & { readonly digitallySigned: Uint8Array },
): Uint8Array {
  return concatBytes(
    Uint8Array.of(SCT_V1),
    parts.logId,
    u64(parts.timestampMs),
    vector(2, parts.extensions),
    parts.digitallySigned,
  );
}

/**
 * The SCTs embedded in a certificate (RFC 6962 §3.3).
 * @throws CertificateError no-sct, malformed-sct
 */
export function parseSctList(certificate: Certificate): Sct[] {
  const extension = certificate.extensions.find(({ oid }) => oid === EXTENSION.sctList);
  if (!extension) throw new CertificateError('no-sct', 'a certificate has no embedded SCT');
  return parsing('malformed-sct', 'an SCT list is malformed', () => {
    const outer = new ByteReader(derOctetString(readDer(extension.value)));
    const list = new ByteReader(outer.vector(2));
    outer.end();
    const scts: Sct[] = [];
    while (list.remaining > 0) {
      if (scts.length === SCT_LIST_MAX)
        throw new CertificateError('malformed-sct', `an SCT list has more than ${SCT_LIST_MAX} SCTs`);
      scts.push(parseSct(list.vector(2)));
    }
    if (scts.length === 0) throw new CertificateError('malformed-sct', 'an SCT list is empty');
    return scts;
  });
}

/** The value of the SCT list extension for SerializedSCTs: an OCTET STRING around the TLS list (RFC 6962 §3.3). */
export function encodeSctList(scts: readonly Uint8Array[]): Uint8Array {
  return encodeDer(DER.octetString, vector(2, concatBytes(...scts.map((sct) => vector(2, sct)))));
}
