import { importPublicKey, toBase64 } from '#crypto';
import { parseCertificate, type Certificate } from '#libs/certificate';
import { CodedError, CryptoError, DER, encodeDer, encodeOid, type KeyAlgorithm, type PublicKey } from '#libs/crypto';
import { readMessage, type MessageReader, type MessageRules } from '#libs/entry';
import { formatTimeRange, readValidFor, type TimeRange } from './time-range.js';
import { TrustError } from './trust-error.js';

/** The one that every client knows, though the protobuf definition asks for v0.2. */
const TRUSTED_ROOT_MEDIA_TYPE = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
const MEDIA_TYPES: readonly string[] = [
  TRUSTED_ROOT_MEDIA_TYPE,
  'application/vnd.dev.sigstore.trustedroot.v0.1+json',
  'application/vnd.dev.sigstore.trustedroot.v0.2+json',
];

/** Each instance is kept for as long as what it signed is verified. */
const INSTANCES_MAX = 1000;
const CHAIN_MAX = 10;

/** dev.sigstore.trustroot.v1.TrustedRoot: whom a deployment's users trust. */
export interface TrustedRoot {
  readonly tlogs: readonly TransparencyLog[];
  readonly ctlogs: readonly TransparencyLog[];
  readonly certificateAuthorities: readonly CertificateAuthority[];
  readonly timestampAuthorities: readonly CertificateAuthority[];
}

export interface TransparencyLog {
  /** Its host is the log's name; where to write to is in the signing config. */
  readonly baseUrl: string;
  readonly logId: Uint8Array;
  readonly publicKey: PublicKey;
  /** When the key was in use. */
  readonly validFor: TimeRange;
}

/** An authority for certificates or for timestamps. */
export interface CertificateAuthority {
  readonly subject: { readonly organization: string; readonly commonName: string };
  /** May be empty. */
  readonly uri: string;
  /** Up to the self-signed root; a timestamp authority's begins with the certificate that signs the timestamps. */
  readonly chain: readonly Certificate[];
  readonly validFor: TimeRange;
}

const RULES: MessageRules = {
  name: 'trusted root',
  refuse: (message, cause) => new TrustError('malformed-trusted-root', message, { cause }),
  // The format grows, and a new field must not lock out who has not heard of it.
  unknownFields: 'ignore',
};

/**
 * Reads a trusted_root.json. Logs with a kind of key that is not supported are left out: nothing verifies under them.
 * @throws TrustError malformed-trusted-root
 */
export function parseTrustedRoot(json: unknown): TrustedRoot {
  return readMessage(json, RULES, (message) => {
    const mediaType = message.string('mediaType');
    if (!MEDIA_TYPES.includes(mediaType)) {
      throw message.rules.refuse(`trusted root.mediaType is ${JSON.stringify(mediaType)}, which is not known`);
    }
    return {
      tlogs: message.messages('tlogs', INSTANCES_MAX, readLog).flat(),
      ctlogs: message.messages('ctlogs', INSTANCES_MAX, readLog).flat(),
      certificateAuthorities: message.messages('certificateAuthorities', INSTANCES_MAX, readAuthority),
      timestampAuthorities: message.messages('timestampAuthorities', INSTANCES_MAX, readAuthority),
    };
  });
}

/** None, or one. */
function readLog(message: MessageReader): readonly TransparencyLog[] {
  const { publicKey, validFor } = message.requiredMessage('publicKey', (key) => ({
    publicKey: readKey(key),
    validFor: readValidFor(key),
  }));
  const baseUrl = message.requiredString('baseUrl');
  const logId = message.requiredMessage('logId', (id) => id.requiredBytes('keyId'));
  return publicKey ? [{ baseUrl, logId, publicKey, validFor }] : [];
}

function readKey(message: MessageReader): PublicKey | undefined {
  const rawBytes = message.requiredBytes('rawBytes');
  const isBareRsa = message.string('keyDetails').startsWith('PKCS1_');
  try {
    return importPublicKey(isBareRsa ? rsaSpki(rawBytes) : rawBytes);
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    if (cause.code === 'unsupported-key') return undefined;
    throw message.rules.refuse(`${message.path}: ${cause.message}`, cause);
  }
}

/** The SubjectPublicKeyInfo of a PKCS #1 key (RFC 3279 §2.3.1), which the oldest instances of Sigstore give bare. */
function rsaSpki(rsaPublicKey: Uint8Array): Uint8Array {
  const algorithm = encodeDer(DER.sequence, encodeOid('1.2.840.113549.1.1.1'), encodeDer(DER.null));
  return encodeDer(DER.sequence, algorithm, encodeDer(DER.bitString, Uint8Array.of(0), rsaPublicKey));
}

function readAuthority(message: MessageReader): CertificateAuthority {
  return {
    subject: message.message('subject', (subject) => ({
      organization: subject.string('organization'),
      commonName: subject.string('commonName'),
    })) ?? { organization: '', commonName: '' },
    uri: message.string('uri'),
    chain: message.requiredMessage('certChain', readChain),
    validFor: readValidFor(message),
  };
}

function readChain(message: MessageReader): readonly Certificate[] {
  const chain = message.messages('certificates', CHAIN_MAX, readCertificate);
  if (chain.length === 0) throw message.rules.refuse(`${message.path} has no certificates`);
  return chain;
}

function readCertificate(message: MessageReader): Certificate {
  try {
    return parseCertificate(message.requiredBytes('rawBytes'));
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw message.rules.refuse(`${message.path}: ${cause.message}`, cause);
  }
}

/** The JSON of a trusted root, with the fields that every client knows and no others. */
export function formatTrustedRoot(root: TrustedRoot): object {
  return {
    mediaType: TRUSTED_ROOT_MEDIA_TYPE,
    tlogs: root.tlogs.map(formatLog),
    certificateAuthorities: root.certificateAuthorities.map(formatAuthority),
    ctlogs: root.ctlogs.map(formatLog),
    timestampAuthorities: root.timestampAuthorities.map(formatAuthority),
  };
}

function formatLog({ baseUrl, logId, publicKey, validFor }: TransparencyLog): object {
  return {
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { ...formatKey(publicKey), validFor: formatTimeRange(validFor) },
    logId: { keyId: toBase64(logId) },
  };
}

function formatKey({ algorithm, spki, raw }: PublicKey): object {
  // sigstore-js takes every RSA key to be a bare one (packages/verify/src/trust/index.ts).
  if (algorithm === 'rsa') return { rawBytes: toBase64(raw), keyDetails: 'PKCS1_RSA_PKCS1V5' };
  return { rawBytes: toBase64(spki), keyDetails: LOG_KEY_DETAILS[algorithm] };
}

/** How logs sign with each kind of key. */
const LOG_KEY_DETAILS: Readonly<Record<Exclude<KeyAlgorithm, 'rsa'>, string>> = {
  ed25519: 'PKIX_ED25519',
  'ecdsa-p256': 'PKIX_ECDSA_P256_SHA_256',
  'ecdsa-p384': 'PKIX_ECDSA_P384_SHA_384',
  'ecdsa-p521': 'PKIX_ECDSA_P521_SHA_512',
  'ml-dsa-44': 'ML_DSA_44',
};

function formatAuthority({ subject, uri, chain, validFor }: CertificateAuthority): object {
  return {
    subject,
    uri,
    certChain: { certificates: chain.map(({ raw }) => ({ rawBytes: toBase64(raw) })) },
    validFor: formatTimeRange(validFor),
  };
}
