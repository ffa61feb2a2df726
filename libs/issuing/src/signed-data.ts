import { hash } from '#crypto';
import { encodeSignatureAlgorithm, type Certificate } from '#libs/certificate';
import { DER, encodeDer, encodeOid, schemeHash } from '#libs/crypto';
import type { Signer } from '#libs/signer';
import { encodeDigestAlgorithm } from '#libs/timestamp';
import { octetString, sequence, setOf, smallInteger, time } from './asn1.js';
import { signVerified } from './certificate-builder.js';

const SIGNED_DATA_CONTENT = '1.2.840.113549.1.7.2';
const ATTRIBUTE = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;
const CONTEXT_0 = 0xa0;
const DIRECTORY_NAME = 0xa4;

export interface ContentToSign {
  /** OID of the content's type. */
  readonly type: string;
  readonly content: Uint8Array;
  readonly signer: Signer;
  /** Of the signer's key. */
  readonly certificate: Certificate;
  readonly includeCertificate: boolean;
  readonly signingTime: Date;
}

/**
 * A CMS ContentInfo with SignedData by one signer (RFC 5652 §5), DER.
 * @throws IssuingError unsupported-algorithm, invalid-signature; SignerError
 */
export async function createSignedData(input: ContentToSign): Promise<Uint8Array> {
  const { type, content, signer, certificate } = input;
  const digest = schemeHash(signer.scheme) ?? 'sha256';
  const attributes = setOf(
    attribute(ATTRIBUTE.contentType, encodeOid(type)),
    attribute(ATTRIBUTE.signingTime, time(input.signingTime)),
    attribute(ATTRIBUTE.messageDigest, octetString(hash(digest, content))),
    attribute(ATTRIBUTE.signingCertificateV2, signingCertificate(certificate)),
  );
  const signature = await signVerified(attributes, signer);
  const signerInfo = sequence(
    smallInteger(1),
    sequence(certificate.issuer, encodeDer(DER.integer, certificate.serialNumber)),
    encodeDigestAlgorithm(digest),
    attributes.with(0, CONTEXT_0), // RFC 5652 §5.4: signed as a SET OF, sent as IMPLICIT [0]
    encodeSignatureAlgorithm(signer.scheme),
    octetString(signature),
  );
  const signedData = sequence(
    smallInteger(3),
    setOf(encodeDigestAlgorithm(digest)),
    sequence(encodeOid(type), encodeDer(CONTEXT_0, octetString(content))),
    ...(input.includeCertificate ? [encodeDer(CONTEXT_0, certificate.raw)] : []),
    setOf(signerInfo),
  );
  return sequence(encodeOid(SIGNED_DATA_CONTENT), encodeDer(CONTEXT_0, signedData));
}

function attribute(oid: string, value: Uint8Array): Uint8Array {
  return sequence(encodeOid(oid), setOf(value));
}

/** SigningCertificateV2 with one ESSCertIDv2, whose hash is the default, SHA-256 (RFC 5035 §3, §4). */
function signingCertificate({ raw, issuer, serialNumber }: Certificate): Uint8Array {
  const issuerSerial = sequence(sequence(encodeDer(DIRECTORY_NAME, issuer)), encodeDer(DER.integer, serialNumber));
  return sequence(sequence(sequence(octetString(hash('sha256', raw)), issuerSerial)));
}
