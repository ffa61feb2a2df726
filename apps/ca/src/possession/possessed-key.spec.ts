import 'reflect-metadata';
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { decodePem, derSequence, encodeDer, utf8Encode } from '#libs/crypto';
import { possessedKey } from './possessed-key.js';

const CHALLENGE = 'you@example.org';

interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
const ec = (namedCurve: string): Pair => generateKeyPairSync('ec', { namedCurve });
const rsa = (modulusLength: number, publicExponent = 65537): Pair =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent });

function pem({ publicKey }: Pair): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

function prove(content: string, proof: Uint8Array): string {
  return possessedKey({ kind: 'public-key', content, proofOfPossession: proof }, CHALLENGE).algorithm;
}

describe('proof of possession', () => {
  test.each<[string, () => Pair, string | null]>([
    ['ecdsa-p256', () => ec('P-256'), 'sha256'],
    ['ecdsa-p384', () => ec('P-384'), 'sha384'],
    ['ecdsa-p521', () => ec('P-521'), 'sha512'],
    ['ed25519', () => generateKeyPairSync('ed25519'), null],
    ['rsa', () => rsa(2048), 'sha256'],
  ])('is a signature over the challenge by an %s key', (algorithm, generate, hash) => {
    const key = generate();
    const proof = sign(hash, utf8Encode(CHALLENGE), key.privateKey);
    expect(prove(pem(key), proof)).toBe(algorithm);
    const der = key.publicKey.export({ type: 'spki', format: 'der' });
    expect(prove(der.toString('base64'), proof)).toBe(algorithm);
  });

  const key = ec('P-256');
  test.each<[string, Uint8Array]>([
    ['by another key', sign('sha256', utf8Encode(CHALLENGE), ec('P-256').privateKey)],
    ['over another subject', sign('sha256', utf8Encode('me@example.org'), key.privateKey)],
    ['with another hash', sign('sha512', utf8Encode(CHALLENGE), key.privateKey)],
    ['that is garbage', Uint8Array.of(1, 2, 3)],
    ['that is empty', new Uint8Array()],
  ])('%s is refused', (_what, proof) => {
    expect(() => prove(pem(key), proof)).toThrow(expect.objectContaining({ code: 'refused-possession' }));
  });
});

describe('a key', () => {
  const refused = expect.objectContaining({ code: 'refused-key' });

  test.each<[string, () => Pair]>([
    ['on another curve', () => ec('secp256k1')],
    ['of 1024 RSA bits', () => rsa(1024)],
    ['of 8192 RSA bits', () => ({ privateKey: ec('P-256').privateKey, publicKey: rsaNumber(8192) })],
    ['with the RSA exponent 3', () => rsa(2048, 3)],
    ['for key agreement', () => generateKeyPairSync('x25519')],
  ])('%s is refused', (_what, generate) => {
    expect(() => prove(pem(generate()), Uint8Array.of(0))).toThrow(refused);
  });

  test.each<[string, string]>([
    ['that is no key', 'hello'],
    ['in a PEM block for something else', pem(ec('P-256')).replaceAll('PUBLIC KEY', 'CERTIFICATE')],
    ['beside another', pem(ec('P-256')) + pem(ec('P-256'))],
    ['that is private', ec('P-256').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['off its curve', offCurve()],
  ])('%s is refused', (_what, content) => {
    expect(() => prove(content, Uint8Array.of(0))).toThrow(refused);
  });
});

describe('a certificate signing request', () => {
  let request: string;

  beforeAll(async () => {
    const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = await crypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
    request = (await Pkcs10CertificateRequestGenerator.create({ name: 'CN=ignored', keys, signingAlgorithm })).toString(
      'pem',
    );
  });

  const keyOf = (text: string): string =>
    possessedKey({ kind: 'signing-request', pem: utf8Encode(text) }, CHALLENGE).algorithm;

  /** The request with its outermost fields changed. */
  function changed(change: (fields: Uint8Array[]) => Uint8Array[]): string {
    const der = decodePem(request)[0] ?? new Uint8Array();
    const fields = derSequence(der).map(({ raw }) => raw.slice());
    const base64 = Buffer.from(encodeDer(0x30, ...change(fields))).toString('base64');
    return `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----\n`;
  }

  test('shows possession of the key in it', () => {
    expect(keyOf(request)).toBe('ecdsa-p256');
  });

  test('whose self-signature fails is refused', () => {
    const broken = changed(([info, algorithm, signature]) => {
      signature?.set([(signature.at(-1) ?? 0) ^ 1], signature.length - 1);
      return [info, algorithm, signature] as Uint8Array[];
    });
    expect(() => keyOf(broken)).toThrow(expect.objectContaining({ code: 'refused-possession' }));
  });

  test.each<[string, (fields: Uint8Array[]) => Uint8Array[]]>([
    ['without a signature', (fields) => fields.slice(0, 2)],
    ['with a field too many', (fields) => [...fields, Uint8Array.of(5, 0)]],
    ['without contents', ([, ...rest]) => [Uint8Array.of(0x30, 0), ...rest]],
    [
      'with an algorithm that is not known',
      ([info, , signature]) => [info, Uint8Array.of(0x30, 3, 6, 1, 0x2a), signature] as Uint8Array[],
    ],
  ])('%s is refused', (_what, change) => {
    expect(() => keyOf(changed(change))).toThrow(expect.objectContaining({ code: 'malformed-request' }));
  });

  test('that is not PEM is refused', () => {
    expect(() => keyOf('hello')).toThrow(expect.objectContaining({ code: 'malformed-request' }));
  });
});

/** A public key whose modulus is just a number of the right size: to make an honest one takes seconds. */
function rsaNumber(bits: number): KeyObject {
  const n = Buffer.alloc(bits / 8, 0xff).toString('base64url');
  return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e: 'AQAB' } });
}

function offCurve(): string {
  const spki = ec('P-256').publicKey.export({ type: 'spki', format: 'der' });
  spki[spki.length - 1] = (spki.at(-1) ?? 0) ^ 1;
  return spki.toString('base64');
}
