import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { fromBase64, fromHex, toBase64 } from '#crypto';
import { concatBytes } from '#libs/crypto';
import { vectors } from '../../../test/vectors.js';
import { KEY_TYPE, formatVerifierKey, fullKeyId, parseVerifierKey, verifierKey } from './index.js';

// The example of C2SP signed-note.
const VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';

const malformed = expect.objectContaining({ code: 'malformed-verifier-key' });

describe('verifier key', () => {
  test('the example of signed-note is read, and written back as it was', () => {
    const key = parseVerifierKey(VKEY);
    expect(key).toMatchObject({ name: 'example.com/foo', type: KEY_TYPE.ed25519, id: fromHex('530d903a') });
    expect(formatVerifierKey(key)).toBe(VKEY);
  });

  test('base64 with plus signs is read whole', () => {
    const key = verifierKey('example.com/plus', KEY_TYPE.cosignature, new Uint8Array(32).fill(0xfb));
    expect(formatVerifierKey(key).split('+').length).toBeGreaterThan(3);
    expect(parseVerifierKey(formatVerifierKey(key))).toEqual(key);
  });

  test('one key under two types has two IDs', () => {
    const key = parseVerifierKey(VKEY);
    expect(verifierKey(key.name, KEY_TYPE.cosignature, key.publicKey).id).not.toEqual(key.id);
  });

  test.each([
    ['no parts', 'example.com/foo'],
    ['two parts', 'example.com/foo+530d903a'],
    ['an empty name', VKEY.slice('example.com/foo'.length)],
    ['a space in the name', VKEY.replace('/', ' ')],
    ['a Unicode space in the name', VKEY.replace('/', '\u2003')],
    ['a control character in the name', VKEY.replace('/', '\u0001')],
    ['another ID', VKEY.replace('530d903a', '530d903b')],
    ['an ID in upper case', VKEY.replace('530d903a', '530D903A')],
    ['an ID of seven digits', VKEY.replace('530d903a', '530d903')],
    ['no base64', VKEY.replace('AekyeRrm', 'Aeky_Rrm')],
    ['base64 with a line break', `${VKEY}\n`],
    ['a key of 31 bytes', `example.com/foo+530d903a+${toBase64(new Uint8Array(32).fill(1))}`],
  ])('with %s is refused', (_, vkey) => {
    expect(() => parseVerifierKey(vkey)).toThrow(malformed);
  });

  test.each([0x00, 0x03, 0x07, 0xff])('type %d is refused', (type) => {
    const vkey = `example.com/foo+530d903a+${toBase64(concatBytes(Uint8Array.of(type), new Uint8Array(32)))}`;
    expect(() => parseVerifierKey(vkey)).toThrow(expect.objectContaining({ code: 'unsupported-key-type' }));
  });
});

// Sigstore names a log by the whole hash; the public-good instance publishes both that and the key.
const folder = vectors('public-good');

(folder ? describe : describe.skip)('full key ID', () => {
  test.each([
    ['log2025-1.rekor.sigstore.dev', KEY_TYPE.ed25519],
    ['rekor.sigstore.dev', KEY_TYPE.ecdsa],
  ])('of %s is its log ID in the public-good trusted root', (name, type) => {
    const root = JSON.parse(readFileSync(join(folder as string, 'trusted_root.json'), 'utf8')) as TrustedRoot;
    const log = root.tlogs.find(({ baseUrl }) => baseUrl === `https://${name}`);
    const spki = fromBase64(log?.publicKey.rawBytes ?? '');
    const publicKey = type === KEY_TYPE.ed25519 ? spki.subarray(-32) : spki;
    expect(toBase64(fullKeyId(name, type, publicKey))).toBe(log?.logId.keyId);
  });
});

interface TrustedRoot {
  tlogs: { baseUrl: string; publicKey: { rawBytes: string }; logId: { keyId: string } }[];
}
