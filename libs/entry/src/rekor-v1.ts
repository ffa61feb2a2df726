import { fromBase64, fromHex } from '#crypto';
import { BytesError, decodePem, DIGEST_BYTES, utf8Decode, type HashAlgorithm } from '#libs/crypto';
import { ENVELOPE_SIGNATURES_MAX } from './envelope.js';
import type { MessageReader } from './message-reader.js';
import type { Verifier } from './verifier.js';

/** The bodies of Rekor v1 that verifiers still meet (https://github.com/sigstore/rekor/tree/main/pkg/types). */
export type RekorV1Entry = HashedRekordV1Entry | DsseV1Entry | IntotoV1Entry;

export interface HashedRekordV1Entry {
  readonly kind: 'hashedrekord';
  readonly apiVersion: '0.0.1';
  readonly digestAlgorithm: HashAlgorithm;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly verifier: Verifier;
}

/** An envelope by its payload's SHA-256 and its signatures. (`envelopeHash` is over JSON that nobody else has byte for byte.) */
export interface DsseV1Entry {
  readonly kind: 'dsse';
  readonly apiVersion: '0.0.1';
  readonly payloadHash: Uint8Array;
  readonly signatures: readonly SignatureV1[];
}

export interface IntotoV1Entry {
  readonly kind: 'intoto';
  readonly apiVersion: '0.0.2';
  readonly payloadHash: Uint8Array;
  readonly payloadType: string;
  readonly signatures: readonly SignatureV1[];
}

export interface SignatureV1 {
  readonly signature: Uint8Array;
  readonly verifier: Verifier;
}

export function readHashedRekordV1(spec: MessageReader): HashedRekordV1Entry {
  return {
    kind: 'hashedrekord',
    apiVersion: '0.0.1',
    ...spec.requiredMessage('data', (data) => data.requiredMessage('hash', readHash)),
    ...spec.requiredMessage('signature', (signature) => ({
      signature: signature.requiredBytes('content'),
      verifier: signature.requiredMessage('publicKey', (key) => pemVerifier(key, 'content')),
    })),
  };
}

export function readDsseV1(spec: MessageReader): DsseV1Entry {
  return {
    kind: 'dsse',
    apiVersion: '0.0.1',
    payloadHash: spec.requiredMessage('payloadHash', readSha256),
    signatures: spec.messages('signatures', ENVELOPE_SIGNATURES_MAX, (signature) => ({
      signature: signature.requiredBytes('signature'),
      verifier: pemVerifier(signature, 'verifier'),
    })),
  };
}

export function readIntotoV1(spec: MessageReader): IntotoV1Entry {
  return spec.requiredMessage('content', (content) => ({
    kind: 'intoto',
    apiVersion: '0.0.2',
    payloadHash: content.requiredMessage('payloadHash', readSha256),
    ...content.requiredMessage('envelope', (envelope) => ({
      payloadType: envelope.requiredString('payloadType'),
      signatures: envelope.messages('signatures', ENVELOPE_SIGNATURES_MAX, (signature) => ({
        // Twice in base64: once by DSSE, once more by this kind of entry.
        signature: decodeTwice(signature, 'sig'),
        verifier: pemVerifier(signature, 'publicKey'),
      })),
    })),
  }));
}

function readHash(message: MessageReader): { digestAlgorithm: HashAlgorithm; digest: Uint8Array } {
  const algorithm = message.string('algorithm');
  if (!isHashAlgorithm(algorithm)) {
    throw message.rules.refuse(`${message.path}.algorithm is ${JSON.stringify(algorithm)}, it should be a SHA-2`);
  }
  const hex = message.string('value');
  if (hex.length !== 2 * DIGEST_BYTES[algorithm]) {
    throw message.rules.refuse(`${message.path}.value is not a ${algorithm} digest in hexadecimal`);
  }
  return { digestAlgorithm: algorithm, digest: decode(message, 'value', () => fromHex(hex)) };
}

function readSha256(message: MessageReader): Uint8Array {
  const { digestAlgorithm, digest } = readHash(message);
  if (digestAlgorithm === 'sha256') return digest;
  throw message.rules.refuse(`${message.path}.algorithm is ${digestAlgorithm}, it should be sha256`);
}

function isHashAlgorithm(name: string): name is HashAlgorithm {
  return Object.hasOwn(DIGEST_BYTES, name);
}

/** One PEM block in base64: a certificate or a public key. */
function pemVerifier(message: MessageReader, name: string): Verifier {
  const pem = message.requiredBytes(name);
  return decode(message, name, () => {
    const text = utf8Decode(pem);
    const kind = text.includes('-----BEGIN CERTIFICATE-----') ? 'certificate' : 'public-key';
    const [raw, ...rest] = decodePem(text, kind === 'certificate' ? 'CERTIFICATE' : 'PUBLIC KEY');
    if (!raw || rest.length > 0) throw new BytesError('malformed-pem', 'there is more than one PEM block');
    return { kind, raw };
  });
}

function decodeTwice(message: MessageReader, name: string): Uint8Array {
  const once = message.requiredBytes(name);
  return decode(message, name, () => fromBase64(utf8Decode(once)));
}

function decode<T>(message: MessageReader, name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause;
    throw message.rules.refuse(`${message.path}.${name}: ${cause.message}`, cause);
  }
}
