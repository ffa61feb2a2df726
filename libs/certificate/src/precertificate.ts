import { DER, derOid, derSequence, encodeDer, equalBytes, readDer } from '#libs/crypto';
import type { Certificate } from './certificate.js';
import { CertificateError, parsing } from './certificate-error.js';
import { EXTENSION } from './extension-oids.js';

const EXPLICIT_EXTENSIONS = 0xa3;
const NULL = encodeDer(DER.null);

/**
 * The TBSCertificate that CT logs sign: without the SCT list and without the poison (RFC 6962 §3.2). All other bytes
 * stay as they are; only the three enclosing lengths are made anew.
 * @throws CertificateError malformed-certificate
 */
export function precertTbs(certificate: Certificate | Uint8Array): Uint8Array {
  const tbs = certificate instanceof Uint8Array ? certificate : certificate.tbs;
  return parsing('malformed-certificate', 'a TBSCertificate is malformed', () => {
    const fields = derSequence(tbs);
    const last = fields.pop();
    if (last?.tag !== EXPLICIT_EXTENSIONS) {
      throw new CertificateError('malformed-certificate', 'a TBSCertificate does not end with its extensions');
    }
    const kept = derSequence(readDer(last.contents)).filter((extension) => {
      const oid = derOid(derSequence(extension)[0]);
      return oid !== EXTENSION.sctList && oid !== EXTENSION.poison;
    });
    const extensions = encodeDer(DER.sequence, ...kept.map(({ raw }) => raw));
    return encodeDer(DER.sequence, ...fields.map(({ raw }) => raw), encodeDer(EXPLICIT_EXTENSIONS, extensions));
  });
}

/**
 * Whether a certificate is a precertificate: it has the poison, which is critical and NULL (RFC 6962 §3.1).
 * @throws CertificateError malformed-certificate for any other poison
 */
export function isPrecertificate(certificate: Certificate): boolean {
  const poison = certificate.extensions.find(({ oid }) => oid === EXTENSION.poison);
  if (poison && (!poison.critical || !equalBytes(poison.value, NULL))) {
    throw new CertificateError('malformed-certificate', 'the poison of a precertificate is not a critical NULL');
  }
  return poison !== undefined;
}
