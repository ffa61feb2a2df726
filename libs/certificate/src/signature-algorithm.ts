import {
  DER,
  derOid,
  derSequence,
  encodeDer,
  encodeOid,
  equalBytes,
  type DerElement,
  type SignatureScheme,
} from '#libs/crypto';
import { CertificateError } from './certificate-error.js';

const NULL = encodeDer(DER.null);

interface SignatureAlgorithm {
  readonly oid: string;
  readonly scheme: SignatureScheme;
  /** RFC 4055 §5: RSA parameters are NULL, and a reader must accept their absence too; the others have none. */
  readonly parameters: 'none' | 'null';
}

const SIGNATURE_ALGORITHMS: readonly SignatureAlgorithm[] = [
  { oid: '1.2.840.10045.4.3.2', scheme: 'ecdsa-sha256', parameters: 'none' },
  { oid: '1.2.840.10045.4.3.3', scheme: 'ecdsa-sha384', parameters: 'none' },
  { oid: '1.2.840.10045.4.3.4', scheme: 'ecdsa-sha512', parameters: 'none' },
  { oid: '1.2.840.113549.1.1.11', scheme: 'rsa-pkcs1-sha256', parameters: 'null' },
  { oid: '1.2.840.113549.1.1.12', scheme: 'rsa-pkcs1-sha384', parameters: 'null' },
  { oid: '1.2.840.113549.1.1.13', scheme: 'rsa-pkcs1-sha512', parameters: 'null' },
  { oid: '1.3.101.112', scheme: 'ed25519', parameters: 'none' },
];

/**
 * Reads the AlgorithmIdentifier of a signature (RFC 5280 §4.1.1.2).
 * @throws CertificateError unsupported-algorithm; DerError
 */
export function parseSignatureAlgorithm(element: DerElement | undefined): SignatureScheme {
  const [identifier, parameters, ...rest] = derSequence(element);
  const oid = derOid(identifier);
  const algorithm = SIGNATURE_ALGORITHMS.find((known) => known.oid === oid);
  if (!algorithm) {
    throw new CertificateError(
      'unsupported-algorithm',
      `signature algorithm ${oid} is none of ECDSA, RSA PKCS #1 and Ed25519 with SHA-2`,
    );
  }
  const allowed = parameters === undefined || (algorithm.parameters === 'null' && equalBytes(parameters.raw, NULL));
  if (!allowed || rest.length > 0) {
    throw new CertificateError(
      'unsupported-algorithm',
      `signature algorithm ${oid} has parameters that it should not have`,
    );
  }
  return algorithm.scheme;
}

/** The AlgorithmIdentifier of a scheme. @throws CertificateError unsupported-algorithm */
export function encodeSignatureAlgorithm(scheme: SignatureScheme): Uint8Array {
  const algorithm = SIGNATURE_ALGORITHMS.find((known) => known.scheme === scheme);
  if (!algorithm) throw new CertificateError('unsupported-algorithm', `${scheme} does not sign certificates here`);
  const oid = encodeOid(algorithm.oid);
  return algorithm.parameters === 'null' ? encodeDer(DER.sequence, oid, NULL) : encodeDer(DER.sequence, oid);
}
