import { describe, expect, test } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from './context.js';
import { demandedSigner, flagsFor, type SignerOptions } from './demanded-signer.js';

const cwd = mkdtempSync(join(tmpdir(), 'tally-'));
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
writeFileSync(join(cwd, 'key.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
writeFileSync(join(cwd, 'cert.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
const context = { io: { cwd } } as Context;
const demanded = (options: SignerOptions): ReturnType<typeof demandedSigner> => demandedSigner(options, context);

const ISSUER = { certificateOidcIssuer: 'https://issuer.example' };

describe('a pattern', () => {
  const subjectOf = async (pattern: string): Promise<RegExp> => {
    const signer = await demanded({ certificateIdentityRegexp: pattern, ...ISSUER });
    if (signer.kind !== 'identity' || typeof signer.subject === 'string') throw new Error('no pattern');
    return signer.subject;
  };

  test('matches the whole identity only', async () => {
    const pattern = await subjectOf('you@example\\.org');
    expect(pattern.test('you@example.org')).toBe(true);
    expect(pattern.test('not-you@example.org')).toBe(false);
    expect(pattern.test('you@example.org.evil')).toBe(false);
    expect(pattern.test('you@example.org\n')).toBe(false);
  });

  test('is anchored on both sides of an alternative', async () => {
    const pattern = await subjectOf('a|b');
    expect(pattern.test('b')).toBe(true);
    expect(pattern.test('ab')).toBe(false);
  });

  test('may bring its own anchors', async () => {
    expect((await subjectOf('^you@.*$')).test('you@example.org')).toBe(true);
  });

  test('that is none is refused', async () => {
    await expect(demanded({ certificateIdentityRegexp: '(', ...ISSUER })).rejects.toMatchObject({ code: 'usage' });
  });
});

test.each<[string, SignerOptions]>([
  ['nothing', {}],
  ['a subject without an issuer', { certificateIdentity: 'you@example.org' }],
  ['an issuer without a subject', ISSUER],
])('%s demands nobody', async (_, options) => {
  expect(await demanded(options)).toEqual({ kind: 'nobody' });
});

test('a subject and an issuer are an identity', async () => {
  const options = { certificateIdentity: 'you@example.org', ...ISSUER };
  expect(await demanded(options)).toEqual({
    kind: 'identity',
    subject: 'you@example.org',
    issuer: 'https://issuer.example',
  });
});

test('a key is read from PEM', async () => {
  expect(await demanded({ key: 'key.pub' })).toMatchObject({ kind: 'key', publicKey: { algorithm: 'ecdsa-p256' } });
});

test.each<[string, SignerOptions]>([
  ['an exact and a pattern', { certificateIdentity: 'a', certificateIdentityRegexp: 'a', ...ISSUER }],
  ['a key and an identity', { key: 'key.pub', certificateIdentity: 'a', ...ISSUER }],
  ['a key that is missing', { key: 'missing.pub' }],
  ['a certificate in the place of a key', { key: 'cert.pem' }],
])('%s is refused', async (_, options) => {
  await expect(demanded(options)).rejects.toMatchObject({ code: 'usage' });
});

test('the flags to accept an identity survive the shell', () => {
  const identity = {
    subject: { type: 'email', value: '$(x)@example.org' },
    issuer: 'https://issuer.example',
    claims: {},
  };
  expect(flagsFor(identity as Parameters<typeof flagsFor>[0])).toBe(
    "--certificate-identity '$(x)@example.org' --certificate-oidc-issuer https://issuer.example",
  );
});
