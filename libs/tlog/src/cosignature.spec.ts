import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromHex, toHex } from '#crypto';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import { MAX_SIZE } from '#libs/merkle';
import { KEY_TYPE, noteVerifier, openNote, signNote, verifierKey, type NoteSigner } from '#libs/note';
import { cosigner, ed25519Signer } from '../../../test/note-signers.js';
import {
  cosignatureMessage,
  cosignatureVerifier,
  encodeCosignature,
  parseCheckpoint,
  parseCosignature,
  subtreeCosignatureMessage,
} from './index.js';

const code = (name: string): unknown => expect.objectContaining({ code: name });

const TEXT = utf8Encode('example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n');
const WITH_EXTENSION = utf8Encode(`${utf8Decode(TEXT)}an extension\n`);

/** Signs whole trees with a fresh ML-DSA-44 key. */
function mlDsaCosigner(name: string, timestamp: bigint): NoteSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ml-dsa-44');
  const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })).subarray(-1312);
  const cosign = async (text: Uint8Array): Promise<Uint8Array> => {
    const { origin, size, root } = parseCheckpoint(text);
    const message = subtreeCosignatureMessage({ cosigner: name, timestamp, origin, start: 0n, end: size, root });
    return encodeCosignature(timestamp, new Uint8Array(sign(null, message, privateKey)));
  };
  return { key: verifierKey(name, KEY_TYPE.mlDsa44Cosignature, raw), sign: cosign };
}

describe('an Ed25519 cosignature', () => {
  const witness = cosigner('witness.example.com/w1', 1679315147n);

  test('signs the message of the specification', () => {
    expect(utf8Decode(cosignatureMessage(TEXT, 1679315147n))).toBe(
      `cosignature/v1\ntime 1679315147\n${utf8Decode(TEXT)}`,
    );
  });

  test('verifies and tells its time', async () => {
    const { verified } = openNote(await signNote(TEXT, [witness]), [cosignatureVerifier(witness.key)]);
    expect(verified.map(({ signature }) => parseCosignature(signature).timestamp)).toEqual([1679315147n]);
  });

  test('covers extension lines', async () => {
    const verifier = cosignatureVerifier(witness.key);
    const signature = await witness.sign(WITH_EXTENSION);
    expect(verifier.verify(WITH_EXTENSION, signature)).toBe(true);
    expect(verifier.verify(TEXT, signature)).toBe(false);
  });

  test('does not verify with another time', async () => {
    const { timestamp, signature } = parseCosignature(await witness.sign(TEXT));
    const later = encodeCosignature(timestamp + 1n, signature);
    expect(cosignatureVerifier(witness.key).verify(TEXT, later)).toBe(false);
  });

  test('is no note signature, nor the other way round', async () => {
    const log = ed25519Signer('example.com/log');
    const asWitness = verifierKey(log.key.name, KEY_TYPE.cosignature, log.key.publicKey);
    const asLog = verifierKey(witness.key.name, KEY_TYPE.ed25519, witness.key.publicKey);
    expect(cosignatureVerifier(asWitness).verify(TEXT, encodeCosignature(0n, await log.sign(TEXT)))).toBe(false);
    expect(noteVerifier(asLog).verify(TEXT, parseCosignature(await witness.sign(TEXT)).signature)).toBe(false);
  });

  test.each([0, 8, 71, 73, 8 + 2420])('of %d bytes does not verify', (bytes) => {
    expect(cosignatureVerifier(witness.key).verify(TEXT, new Uint8Array(bytes))).toBe(false);
  });
});

describe('an ML-DSA-44 cosignature', () => {
  const witness = mlDsaCosigner('witness.example.com/w1', 1679315147n);
  const verifier = cosignatureVerifier(witness.key);

  test('signs the structure of the specification', () => {
    const root = fromHex('11'.repeat(32));
    const message = subtreeCosignatureMessage({
      cosigner: 'w/1',
      timestamp: 258n,
      origin: 'log',
      start: 8n,
      end: 13n,
      root,
    });
    const fields = [
      '737562747265652f76310a00', // "subtree/v1\n\0"
      '03772f31',
      '0000000000000102',
      '036c6f67',
      '0000000000000008',
      '000000000000000d',
      '11'.repeat(32),
    ];
    expect(toHex(message)).toBe(fields.join(''));
  });

  test('verifies, and not over another size', async () => {
    const signature = await witness.sign(TEXT);
    expect(verifier.verify(TEXT, signature)).toBe(true);
    expect(verifier.verify(utf8Encode(utf8Decode(TEXT).replace('2163', '2164')), signature)).toBe(false);
  });

  test('commits to the name of the cosigner', async () => {
    const renamed = verifierKey('witness.example.com/w2', witness.key.type, witness.key.publicKey);
    expect(cosignatureVerifier(renamed).verify(TEXT, await witness.sign(TEXT))).toBe(false);
  });

  test('does not verify a text with extension lines, as it does not cover them', async () => {
    expect(verifier.verify(WITH_EXTENSION, await witness.sign(TEXT))).toBe(false);
  });

  test('does not verify a text that is no checkpoint, nor one whose origin it can not hold', async () => {
    const signature = await witness.sign(TEXT);
    expect(verifier.verify(utf8Encode('no checkpoint\n'), signature)).toBe(false);
    expect(verifier.verify(utf8Encode('x'.repeat(300) + utf8Decode(TEXT)), signature)).toBe(false);
  });
});

describe('the bytes of a cosignature', () => {
  test('are read again as they were written', () => {
    const signature = fc
      .constantFrom(64, 2420)
      .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
    fc.assert(
      fc.property(fc.bigInt(0n, MAX_SIZE), signature, (timestamp, signature) => {
        expect(parseCosignature(encodeCosignature(timestamp, signature))).toEqual({ timestamp, signature });
      }),
    );
  });

  test('hold no time above 2^63 - 1', () => {
    expect(() => encodeCosignature(MAX_SIZE + 1n, new Uint8Array(64))).toThrow(code('malformed-cosignature'));
    expect(() => parseCosignature(new Uint8Array(72).fill(0x80, 0, 1))).toThrow(code('malformed-cosignature'));
  });

  test.each([0, 64, 71, 73, 2420])('are not %d', (bytes) => {
    expect(() => parseCosignature(new Uint8Array(bytes))).toThrow(code('malformed-cosignature'));
  });
});

test.each([KEY_TYPE.ed25519, KEY_TYPE.ecdsa])('a key of type %d makes no cosignatures', (type) => {
  expect(() => cosignatureVerifier(verifierKey('example.com/w', type, new Uint8Array(32)))).toThrow(
    code('unsupported-key-type'),
  );
});
