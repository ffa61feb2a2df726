import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { fromBase64, sha256, toHex } from '#crypto';
import { concatBytes, u64, utf8Decode, utf8Encode } from '#libs/crypto';
import { KEY_TYPE, formatVerifierKey, parseVerifierKey, signNote, verifierKey } from '#libs/note';
import { ed25519Signer } from '../../../test/note-signers.js';
import {
  encodeRfc6962NoteSignature,
  formatCheckpoint,
  logVerifier,
  openCheckpoint,
  parseRfc6962NoteSignature,
  treeHeadSignatureInput,
} from './index.js';

const code = (name: string): unknown => expect.objectContaining({ code: name });

// A tree head that a public CT log signed in May 2020, as its get-sth answered.
const STH = {
  size: 90785920n,
  timestampMs: 1588741228371n,
  root: fromBase64('l+XrWXWRyp4SmATORgTfz4CcYS/VlE7CeTuWI0FAk3o='),
  signature: fromBase64(
    'BAMASDBGAiEAnaHGuwnyyHWvrfgEn3qtl1j2heMzocku6ZAItYD75m8CIQCpotlpH5GEPEfMMzky72BCuIl14FB65t5SWZ91vgTQOg==',
  ),
  key: fromBase64(
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESYlKFDLLFmA9JScaiaNnqlU8oWDytxIYMfswHy9Esg0aiX+WnP/yj4O0ViEHtLwbmOQeSWBGkIu9YK9CLeer+g==',
  ),
};
const text = formatCheckpoint({ origin: 'example.com/ct', size: STH.size, root: STH.root, extensions: [] });
const noteSignature = concatBytes(u64(STH.timestampMs), STH.signature);

describe('an RFC 6962 note signature', () => {
  const key = verifierKey('example.com/ct', KEY_TYPE.rfc6962, STH.key);
  const verifier = logVerifier(key);

  test('made of a real tree head opens its checkpoint', () => {
    const note = { text, signatures: [{ name: key.name, keyId: key.id, signature: noteSignature }] };
    const bytes = utf8Encode(
      `${utf8Decode(text)}\n— ${key.name} ${Buffer.from(concatBytes(key.id, noteSignature)).toString('base64')}\n`,
    );
    expect(openCheckpoint(bytes, [verifier]).verified).toEqual(note.signatures);
  });

  test('is named by the LogID, not by the key', () => {
    const logId = sha256(STH.key);
    const hash = sha256(concatBytes(utf8Encode('example.com/ct\n'), Uint8Array.of(0x05), logId));
    expect(toHex(key.id)).toBe(toHex(hash.subarray(0, 4)));
    expect(parseVerifierKey(formatVerifierKey(key))).toEqual(key);
  });

  test('is read, and written back as it was', () => {
    const parsed = parseRfc6962NoteSignature(noteSignature);
    expect(parsed).toMatchObject({ timestampMs: STH.timestampMs, scheme: 'ecdsa-sha256' });
    expect(encodeRfc6962NoteSignature(parsed)).toEqual(noteSignature);
  });

  test.each([
    ['another size', utf8Encode(utf8Decode(text).replace('90785920', '90785921'))],
    ['extension lines', utf8Encode(`${utf8Decode(text)}extension\n`)],
    ['no checkpoint', utf8Encode('text\n')],
  ])('does not verify with %s', (_, other) => {
    expect(verifier.verify(other, noteSignature)).toBe(false);
  });

  test.each([
    ['another time', noteSignature.with(7, 0)],
    ['another hash', noteSignature.with(8, 5)],
    ['an algorithm that RFC 6962 does not have', noteSignature.with(9, 2)],
    ['a byte too many', concatBytes(noteSignature, Uint8Array.of(0))],
    ['a byte too few', noteSignature.subarray(0, -1)],
    ['nothing', new Uint8Array(0)],
  ])('does not verify with %s', (_, signature) => {
    expect(verifier.verify(text, signature)).toBe(false);
  });

  test('by an RSA log verifies', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
    const signature = new Uint8Array(sign('sha256', treeHeadSignatureInput(5n, STH.size, STH.root), privateKey));
    const bytes = encodeRfc6962NoteSignature({ timestampMs: 5n, scheme: 'rsa-pkcs1-sha256', signature });
    expect(logVerifier(verifierKey('example.com/ct', KEY_TYPE.rfc6962, spki)).verify(text, bytes)).toBe(true);
  });
});

test('plain Ed25519 logs are verified too', async () => {
  const log = ed25519Signer('example.com/ct');
  const [signature] = (await signNote(text, [log])).signatures;
  expect(logVerifier(log.key).verify(text, signature?.signature ?? new Uint8Array(0))).toBe(true);
});

test("a witness's key signs no checkpoints for a log", () => {
  const { key } = ed25519Signer('example.com/w', KEY_TYPE.cosignature);
  expect(() => logVerifier(key)).toThrow(code('unsupported-key-type'));
});
