import { describe, expect, test } from '@jest/globals';
import {
  basicConstraints,
  extendedKeyUsage,
  extension,
  KEY_USAGE,
  keyUsage,
  makeCertificate,
  type CertificateRecipe,
} from '../../../test/certificates.js';
import { parseCertificate } from './certificate.js';
import { CHAIN_MAX_CERTIFICATES, verifyChain } from './chain.js';
import { EXTENDED_KEY_USAGE, EXTENSION } from './extension-oids.js';

const { codeSigning, timeStamping, any } = EXTENDED_KEY_USAGE;
const NOON = new Date('2026-06-01T12:00:00Z');
const CA = [keyUsage(KEY_USAGE.ca), basicConstraints()];
const LEAF = [keyUsage(KEY_USAGE.signing), extendedKeyUsage(codeSigning)];

interface Recipes {
  readonly root?: CertificateRecipe;
  readonly intermediate?: CertificateRecipe;
  readonly leaf?: CertificateRecipe;
}

/** A root, an intermediate and a leaf; a test says what is wrong with one of them. */
function chainOf(recipes: Recipes) {
  const root = makeCertificate({ commonName: 'root', extensions: CA, ...recipes.root });
  const intermediate = makeCertificate({ commonName: 'ca', issuer: root, extensions: CA, ...recipes.intermediate });
  const leaf = makeCertificate({ commonName: 'leaf', issuer: intermediate, extensions: LEAF, ...recipes.leaf });
  return {
    leaf: parseCertificate(leaf.der),
    chain: [intermediate, root].map(({ der }) => parseCertificate(der)),
    at: NOON,
    extendedKeyUsage: codeSigning,
  };
}

const refusedAs = (code: string) => expect.objectContaining({ name: 'CertificateError', code });

describe('a chain', () => {
  test('that is right verifies', () => {
    expect(() => verifyChain(chainOf({}))).not.toThrow();
  });

  test('of a leaf under its root verifies', () => {
    const root = makeCertificate({ extensions: [keyUsage(KEY_USAGE.ca), basicConstraints(0)] });
    const leaf = makeCertificate({ commonName: 'leaf', issuer: root, extensions: LEAF });
    const chain = [parseCertificate(root.der)];
    expect(() => verifyChain({ leaf: parseCertificate(leaf.der), chain, at: NOON })).not.toThrow();
  });

  test.each<[string, string, Recipes]>([
    ['whose leaf is not yet valid', 'not-yet-valid', { leaf: { notBefore: new Date(NOON.getTime() + 1000) } }],
    ['whose leaf has expired', 'expired', { leaf: { notAfter: new Date(NOON.getTime() - 1000) } }],
    ['whose intermediate has expired', 'expired', { intermediate: { notAfter: new Date(NOON.getTime() - 1000) } }],
    ['whose root is not yet valid', 'not-yet-valid', { root: { notBefore: new Date(NOON.getTime() + 1000) } }],
    ['whose intermediate is no CA', 'basic-constraints', { intermediate: { extensions: [keyUsage(KEY_USAGE.ca)] } }],
    ['whose leaf is a CA', 'basic-constraints', { leaf: { extensions: [...LEAF, basicConstraints()] } }],
    [
      'with more CAs than the root allows',
      'path-length',
      { root: { extensions: [keyUsage(KEY_USAGE.ca), basicConstraints(0)] } },
    ],
    [
      'whose intermediate may not sign certificates',
      'key-usage',
      { intermediate: { extensions: [basicConstraints(), keyUsage(KEY_USAGE.signing)] } },
    ],
    ['whose intermediate has no key usage', 'key-usage', { intermediate: { extensions: [basicConstraints()] } }],
    [
      'whose leaf may not sign',
      'key-usage',
      { leaf: { extensions: [keyUsage(KEY_USAGE.ca), extendedKeyUsage(codeSigning)] } },
    ],
    [
      'whose leaf is for another purpose',
      'extended-key-usage',
      { leaf: { extensions: [keyUsage(KEY_USAGE.signing), extendedKeyUsage(timeStamping)] } },
    ],
    [
      'whose leaf is for any purpose',
      'extended-key-usage',
      { leaf: { extensions: [keyUsage(KEY_USAGE.signing), extendedKeyUsage(any)] } },
    ],
    [
      'whose intermediate may issue for another purpose only',
      'extended-key-usage',
      { intermediate: { extensions: [...CA, extendedKeyUsage(timeStamping)] } },
    ],
    [
      'with an unknown critical extension',
      'unknown-critical-extension',
      { leaf: { extensions: [...LEAF, extension('1.2.3', [5, 0], true)] } },
    ],
    [
      'with a critical name constraint on a CA',
      'unknown-critical-extension',
      { intermediate: { extensions: [...CA, extension('2.5.29.30', [0x30, 0], true)] } },
    ],
    [
      'that ends in a precertificate',
      'unknown-critical-extension',
      { leaf: { extensions: [...LEAF, extension(EXTENSION.poison, [5, 0], true)] } },
    ],
    [
      'whose leaf names another authority key',
      'issuer-mismatch',
      {
        intermediate: { extensions: [...CA, extension('2.5.29.14', [4, 1, 7])] },
        leaf: { extensions: [...LEAF, extension('2.5.29.35', [0x30, 3, 0x80, 1, 8])] },
      },
    ],
  ])('%s is refused: %s', (_, code, recipes) => {
    expect(() => verifyChain(chainOf(recipes))).toThrow(refusedAs(code));
  });

  test('that is valid in its first and last second verifies then', () => {
    const input = chainOf({});
    expect(() => verifyChain({ ...input, at: input.leaf.notBefore })).not.toThrow();
    expect(() => verifyChain({ ...input, at: input.leaf.notAfter })).not.toThrow();
  });

  test('is refused at no time', () => {
    expect(() => verifyChain({ ...chainOf({}), at: new Date(Number.NaN) })).toThrow(refusedAs('expired'));
  });

  test('whose intermediate is for any purpose, or for the right one, verifies', () => {
    for (const usage of [any, codeSigning]) {
      expect(() =>
        verifyChain(chainOf({ intermediate: { extensions: [...CA, extendedKeyUsage(usage)] } })),
      ).not.toThrow();
    }
  });

  test('of certificates in another order is refused', () => {
    const input = chainOf({});
    expect(() => verifyChain({ ...input, chain: input.chain.toReversed() })).toThrow(refusedAs('issuer-mismatch'));
  });

  test('by a CA of the same name with another key is refused', () => {
    const [ours, theirs] = [chainOf({}), chainOf({})];
    expect(() => verifyChain({ ...ours, chain: theirs.chain })).toThrow(refusedAs('invalid-signature'));
  });

  test('that ends before the root is refused', () => {
    const { chain, ...rest } = chainOf({});
    expect(() => verifyChain({ ...rest, chain: chain.slice(0, 1) })).toThrow(refusedAs('not-self-signed'));
  });

  test('without a CA, or with too many, is refused', () => {
    const input = chainOf({});
    expect(() => verifyChain({ ...input, chain: [] })).toThrow(refusedAs('chain-length'));
    const chain = Array.from({ length: CHAIN_MAX_CERTIFICATES }, () => input.leaf);
    expect(() => verifyChain({ ...input, chain })).toThrow(refusedAs('chain-length'));
  });
});
