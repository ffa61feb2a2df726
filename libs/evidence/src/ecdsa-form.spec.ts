import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { describe, expect, test } from '@jest/globals';
import { fromHex } from '#crypto';
import { concatBytes } from '#libs/crypto';
import { hasLowS, withLowS } from './ecdsa-form.js';

const MESSAGE = Buffer.from('message');

describe.each([
  ['ecdsa-p256', 'P-256', p256],
  ['ecdsa-p384', 'P-384', p384],
  ['ecdsa-p521', 'P-521', p521],
] as const)('a signature of %s', (algorithm, namedCurve, noble) => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  const made = (): Uint8Array => new Uint8Array(sign('sha256', MESSAGE, privateKey));
  /** The other signature that anybody can make of one. */
  const other = (signature: Uint8Array): Uint8Array => {
    const { r, s } = noble.Signature.fromBytes(signature, 'der');
    return new noble.Signature(r, noble.Point.Fn.ORDER - s).toBytes('der');
  };

  test('and its twin have one form, which verifies', () => {
    for (let i = 0; i < 40; i++) {
      const signature = made();
      const form = withLowS(signature, algorithm);
      expect(withLowS(other(signature), algorithm)).toEqual(form);
      expect(withLowS(form!, algorithm)).toEqual(form);
      expect(verify('sha256', MESSAGE, publicKey, form!)).toBe(true);
      expect(verify('sha256', MESSAGE, publicKey, other(form!))).toBe(true);
      expect([hasLowS(form!), hasLowS(other(form!))]).toEqual([true, false]);
    }
  });

  test('has no form for another curve’s key, if its numbers are out of range there', () => {
    const zero = fromHex('3006020100020101');
    expect(withLowS(zero, algorithm)).toBeUndefined();
    if (algorithm !== 'ecdsa-p256') expect(withLowS(made(), 'ecdsa-p256')).toBeUndefined();
    expect(withLowS(made(), 'ed25519')).toBeUndefined();
  });

  test.each([
    ['a byte behind it', (der: Uint8Array) => concatBytes(der, Uint8Array.of(0))],
    ['a length in the long form', (der: Uint8Array) => concatBytes(Uint8Array.of(0x30, 0x82, 0x00), der.subarray(1))],
    ['a leading zero too many', () => fromHex('300702020001020101')],
    ['a third number', () => fromHex('3009020101020101020101')],
    ['a negative number', () => fromHex('30060201ff020101')],
    ['nothing', () => new Uint8Array(0)],
    ['a megabyte', () => new Uint8Array(1_000_000).fill(0x30)],
  ])('with %s has no form', (_, change) => {
    expect(withLowS(change(made()), algorithm)).toBeUndefined();
    expect(hasLowS(change(made()))).toBeUndefined();
  });
});
