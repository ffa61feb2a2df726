import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { utf8Encode } from '#libs/crypto';
import {
  KEY_TYPE,
  formatNote,
  noteVerifier,
  openNote,
  parseNote,
  parseVerifierKey,
  signNote,
  verifierKey,
  type NoteSigner,
  type VerifierKey,
} from './index.js';

const TEXT = utf8Encode('This is an example message.\n');
const code = (name: string): unknown => expect.objectContaining({ code: name });

/** Signs with a fresh key; ECDSA over SHA-256 whatever the curve, as the field does. */
function signer(name: string, type: number, pair: { publicKey: KeyObject; privateKey: KeyObject }): NoteSigner {
  const spki = new Uint8Array(pair.publicKey.export({ format: 'der', type: 'spki' }));
  const key = verifierKey(name, type, type === KEY_TYPE.ed25519 ? spki.subarray(-32) : spki);
  const digest = type === KEY_TYPE.ed25519 ? null : 'sha256';
  return { key, sign: async (text) => new Uint8Array(sign(digest, text, pair.privateKey)) };
}

const ed25519 = (name: string): NoteSigner => signer(name, KEY_TYPE.ed25519, generateKeyPairSync('ed25519'));
const verifierOf = ({ key }: { key: VerifierKey }) => noteVerifier(key);

describe('the example of signed-note', () => {
  const key = parseVerifierKey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k');
  const note = `This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`;

  test('verifies', () => {
    const { verified } = openNote(utf8Encode(note), [noteVerifier(key)]);
    expect(verified.map(({ name }) => name)).toEqual(['example.com/foo']);
  });

  test('does not verify with a letter changed', () => {
    const other = utf8Encode(note.replace('message', 'massage'));
    expect(() => openNote(other, [noteVerifier(key)])).toThrow(code('invalid-signature'));
  });
});

test.each(['P-256', 'P-384', 'P-521'])('an ECDSA signature on %s verifies', async (namedCurve) => {
  const ecdsa = signer('example.com/ec', KEY_TYPE.ecdsa, generateKeyPairSync('ec', { namedCurve }));
  const note = await signNote(TEXT, [ecdsa]);
  expect(openNote(formatNote(note), [verifierOf(ecdsa)]).verified).toEqual(note.signatures);
});

test('signatures by unknown keys are ignored', async () => {
  const [known, unknown] = [ed25519('example.com/known'), ed25519('example.com/unknown')];
  const note = await signNote(TEXT, [unknown, known]);
  expect(openNote(note, [verifierOf(known)]).verified).toEqual([note.signatures[1]]);
});

test('the name alone does not make a key known', async () => {
  const [one, two] = [ed25519('example.com/same'), ed25519('example.com/same')];
  expect(() => openNote({ text: TEXT, signatures: [] }, [verifierOf(one)])).toThrow(code('unverified'));
  await expect(signNote(TEXT, [two]).then((note) => openNote(note, [verifierOf(one)]))).rejects.toThrow(
    code('unverified'),
  );
});

test('one bad signature by a known key condemns a note that another known key signed', async () => {
  const [good, bad] = [ed25519('example.com/good'), ed25519('example.com/bad')];
  const note = await signNote(TEXT, [good, { key: bad.key, sign: async () => new Uint8Array(64) }]);
  expect(() => openNote(note, [verifierOf(good), verifierOf(bad)])).toThrow(code('invalid-signature'));
  expect(openNote(note, [verifierOf(good)]).verified).toHaveLength(1);
});

test('a second signature of a key must verify, and counts once', async () => {
  const one = ed25519('example.com/one');
  const { signatures } = await signNote(TEXT, [one]);
  const twice = { text: TEXT, signatures: [...signatures, ...signatures] };
  expect(openNote(twice, [verifierOf(one)]).verified).toHaveLength(1);
  const forged = signatures.map((signature) => ({ ...signature, signature: new Uint8Array(64) }));
  const bad = { text: TEXT, signatures: [...signatures, ...forged] };
  expect(() => openNote(bad, [verifierOf(one)])).toThrow(code('invalid-signature'));
});

test('two keys that share name and ID are both tried', async () => {
  const [one, two] = [ed25519('example.com/same'), ed25519('example.com/same')];
  const collision = { ...verifierOf(one), keyId: two.key.id };
  const note = await signNote(TEXT, [two]);
  expect(openNote(note, [collision, verifierOf(two)]).verified).toHaveLength(1);
});

test('signing again replaces the signature of that key and keeps the others', async () => {
  const [one, two] = [ed25519('example.com/one'), ed25519('example.com/two')];
  const first = await signNote(TEXT, [one, two]);
  const again = await signNote(TEXT, [one], first.signatures);
  expect(again.signatures.map(({ name }) => name)).toEqual(['example.com/two', 'example.com/one']);
  expect(parseNote(formatNote(again))).toEqual(again);
});

test('a text that can not stand in a note is not signed', async () => {
  await expect(signNote(utf8Encode('no newline'), [ed25519('example.com/one')])).rejects.toThrow(
    code('malformed-note'),
  );
});

test.each([KEY_TYPE.cosignature, KEY_TYPE.mlDsa44Cosignature])('type %d verifies no plain notes', (type) => {
  const key = verifierKey('example.com/w', type, new Uint8Array(type === KEY_TYPE.cosignature ? 32 : 1312));
  expect(() => noteVerifier(key)).toThrow(code('unsupported-key-type'));
});
