import { importPublicKey, sha256 } from '#crypto';
import { parseCertificate } from '#libs/certificate';
import type { Certificate } from '#libs/certificate';
import { decodePem, ed25519Spki } from '#libs/crypto';
import type { PublicKey } from '#libs/crypto';
import { KEY_TYPE, fullKeyId, parseVerifierKey } from '#libs/note';
import type { CertificateAuthority, TimeRange, TransparencyLog, TrustedRoot } from '#libs/verify';
import type { Deployment } from './deployment.js';
import { subjectOf } from './subject.js';

const TIMESTAMP_PATH = '/api/v1/timestamp';

/**
 * Whom to trust. The hosts are names, not addresses: clients compare the host of a log's `baseUrl` with the origin of its
 * checkpoints, and call the addresses of the signing config.
 */
export function trustedRoot(deployment: Deployment): TrustedRoot {
  return {
    tlogs: deployment.rekorLogs.map((log) => rekorLog(log.key, range(log.start, log.end))),
    ctlogs: deployment.ctLogs.map((log) => ctLog(log.name, log.publicKey, range(log.start, log.end))),
    certificateAuthorities: deployment.certificateAuthorities.map((ca) =>
      authority(`https://${ca.name}`, ca.chain, ca.end),
    ),
    timestampAuthorities: deployment.timestampAuthorities.map((tsa) =>
      authority(`https://${tsa.name}${TIMESTAMP_PATH}`, tsa.chain, tsa.end),
    ),
  };
}

function rekorLog(vkey: string, validFor: TimeRange): TransparencyLog {
  const { name, type, publicKey } = parseVerifierKey(vkey);
  return {
    baseUrl: `https://${name}`,
    // The whole hash that the key ID of a checkpoint signature is the start of: Rekor v2's log ID.
    logId: fullKeyId(name, type, publicKey),
    publicKey: importPublicKey(type === KEY_TYPE.ed25519 ? ed25519Spki(publicKey) : publicKey),
    validFor,
  };
}

function ctLog(name: string, publicKeyPem: string, validFor: TimeRange): TransparencyLog {
  const publicKey = parsePublicKey(publicKeyPem);
  return { baseUrl: `https://${name}`, logId: sha256(publicKey.spki), publicKey, validFor }; // RFC 6962 §3.2
}

function authority(uri: string, chainPem: string, end?: string): CertificateAuthority {
  const chain = parseChain(chainPem);
  const [first] = chain;
  if (first === undefined) throw new Error(`the chain of ${uri} holds no certificate`);
  const validFor = { start: first.notBefore, ...(end !== undefined && { end: new Date(end) }) };
  return { subject: subjectOf(first.subject), uri, chain, validFor };
}

export function parseChain(pem: string): Certificate[] {
  return decodePem(pem, 'CERTIFICATE').map(parseCertificate);
}

function parsePublicKey(pem: string): PublicKey {
  const [spki, ...rest] = decodePem(pem, 'PUBLIC KEY');
  if (spki === undefined || rest.length > 0) throw new Error('the public key of a log is one PEM block');
  return importPublicKey(spki);
}

function range(start: string, end?: string): TimeRange {
  return { start: new Date(start), ...(end !== undefined && { end: new Date(end) }) };
}
