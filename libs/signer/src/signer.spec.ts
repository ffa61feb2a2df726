import { mkdtempSync, rmSync } from 'node:fs';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verify } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import { generateSigner, openKeyFile, type KeyFileOptions, type SigningAlgorithm } from './index.js';

const MESSAGE = utf8Encode('a message\n');
const ALGORITHMS: readonly SigningAlgorithm[] = ['ed25519', 'ecdsa-p256', 'ecdsa-p384', 'ml-dsa-44'];
const LOG: KeyFileOptions = { role: 'rekor-log', algorithm: 'ed25519', profile: 'production' };

// openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 1000000, OpenSSL 3.0; made for this test
const MADE_WITH_OPENSSL = `Role: tsa
Development: no
Public-Key: MCowBQYDK2VwAyEAq7zIc2YHBrtioMl5EvDNs+OzZNALwxYeolBzlRg+UsQ=
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGcMFgGCSqGSIb3DQEFDTBLMCoGCSqGSIb3DQEFDDAdBAgC5mNlGsBntgIDD0JA
MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBA7CMiOG56FJ0F/NSmPL6vyBECr
dumG3Jv47nDihO/4SS7lV9EB8uYULxBU58cusVtEEQnYqKKVygcNoVkxThJ0Qjt6
78oyKss6aZRAzuy4FkPL
-----END ENCRYPTED PRIVATE KEY-----
`;

let directory: string;
let files = 0;
const newPath = (): string => join(directory, `${++files}.pem`);
const code = (expected: string) => expect.objectContaining({ code: expected });

/** The path of a new key file whose text was changed by `edit`. */
async function edited(edit: (text: string) => string, options: KeyFileOptions = LOG): Promise<string> {
  const path = newPath();
  await openKeyFile(path, { ...options, create: true });
  await writeFile(path, edit(await readFile(path, 'latin1')));
  return path;
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tally-signer-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe.each(ALGORITHMS)('%s', (algorithm) => {
  test('signatures verify under the public key and the scheme', async () => {
    const signer = generateSigner('witness', algorithm);
    expect(verify(signer.publicKey, signer.scheme, MESSAGE, await signer.sign(MESSAGE))).toBe(true);
    expect([signer.role, signer.publicKey.algorithm, signer.development]).toEqual(['witness', algorithm, true]);
  });

  test.each([undefined, 'correct horse battery staple'])(
    'a key file keeps the key (passphrase: %s)',
    async (passphrase) => {
      const path = newPath();
      const options: KeyFileOptions = { ...LOG, algorithm, ...(passphrase === undefined ? {} : { passphrase }) };
      const made = await openKeyFile(path, { ...options, create: true });
      const opened = await openKeyFile(path, options);
      expect(opened.publicKey.spki).toEqual(made.publicKey.spki);
      expect(verify(made.publicKey, opened.scheme, MESSAGE, await opened.sign(MESSAGE))).toBe(true);
      expect(await readFile(path, 'latin1')).toContain(
        passphrase === undefined ? 'BEGIN PRIVATE KEY' : 'BEGIN ENCRYPTED PRIVATE KEY',
      );
    },
  );
});

describe('a key file', () => {
  test('is made with mode 0600 in a directory with mode 0700, and nothing is left beside it', async () => {
    const path = join(directory, 'new', 'keys', 'log.pem');
    await openKeyFile(path, { ...LOG, create: true });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'new', 'keys'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(directory, 'new', 'keys'))).toEqual(['log.pem']);
  });

  test('is made once when many start at the same moment', async () => {
    const path = newPath();
    const signers = await Promise.all(Array.from({ length: 8 }, () => openKeyFile(path, { ...LOG, create: true })));
    expect(new Set(signers.map((signer) => String(signer.publicKey.spki))).size).toBe(1);
  });

  test('is not made unless asked for', async () => {
    await expect(openKeyFile(newPath(), LOG)).rejects.toThrow(code('no-key-file'));
  });

  test('that can be neither read nor made is an error with a code', async () => {
    const belowAFile = join(await edited((text) => text), 'log.pem');
    await expect(openKeyFile(belowAFile, { ...LOG, create: true })).rejects.toThrow(code('unreadable-key-file'));
    const tooLongForATemporaryName = join(directory, 'x'.repeat(250));
    await expect(openKeyFile(tooLongForATemporaryName, { ...LOG, create: true })).rejects.toThrow(
      code('unwritable-key-file'),
    );
  });

  test.each([0o640, 0o604, 0o620])('with mode %o is refused', async (mode) => {
    const path = await edited((text) => text);
    await chmod(path, mode);
    await expect(openKeyFile(path, LOG)).rejects.toThrow(code('exposed-key-file'));
  });

  test('of another role is refused', async () => {
    const path = await edited((text) => text);
    await expect(openKeyFile(path, { ...LOG, role: 'ct-log' })).rejects.toThrow(code('wrong-role'));
  });

  test('of another algorithm is refused', async () => {
    const path = await edited((text) => text);
    await expect(openKeyFile(path, { ...LOG, algorithm: 'ecdsa-p256' })).rejects.toThrow(code('wrong-algorithm'));
  });

  test('of a development stack is refused in production, and taken in development', async () => {
    const path = await edited((text) => text, { ...LOG, profile: 'development' });
    await expect(openKeyFile(path, LOG)).rejects.toThrow(code('development-key'));
    expect((await openKeyFile(path, { ...LOG, profile: 'development' })).development).toBe(true);
  });

  test('made in production is taken in development, and says what it is', async () => {
    const path = await edited((text) => text);
    expect((await openKeyFile(path, { ...LOG, profile: 'development' })).development).toBe(false);
  });

  test('that is encrypted needs its own passphrase', async () => {
    const path = await edited((text) => text, { ...LOG, passphrase: 'right' });
    await expect(openKeyFile(path, LOG)).rejects.toThrow(code('passphrase-required'));
    await expect(openKeyFile(path, { ...LOG, passphrase: 'wrong' })).rejects.toThrow(code('wrong-passphrase'));
    await expect(openKeyFile(path, { ...LOG, passphrase: '' })).rejects.toThrow(code('wrong-passphrase'));
  });

  test('that is not encrypted is refused when a passphrase was given', async () => {
    const path = await edited((text) => text);
    await expect(openKeyFile(path, { ...LOG, passphrase: 'right' })).rejects.toThrow(code('not-encrypted'));
  });

  test('that was put together with OpenSSL is taken, whatever its key derivation', async () => {
    const path = newPath();
    await writeFile(path, MADE_WITH_OPENSSL, { mode: 0o600 });
    const signer = await openKeyFile(path, { ...LOG, role: 'tsa', passphrase: 'long-secret' });
    expect(verify(signer.publicKey, signer.scheme, MESSAGE, await signer.sign(MESSAGE))).toBe(true);
  });

  test('does not contain the passphrase, nor the key in clear', async () => {
    const path = await edited((text) => text, { ...LOG, passphrase: 'open sesame' });
    const text = await readFile(path, 'latin1');
    expect(text).not.toContain('open sesame');
    expect(text).not.toContain('BEGIN PRIVATE KEY');
  });
});

describe('a damaged key file is refused:', () => {
  const lastOfBody = /(.)\n-----END/; // the end of the seed of an Ed25519 key
  test.each<[string, (text: string) => string]>([
    ['empty', () => ''],
    ['cut off', (text) => text.slice(0, -30)],
    ['too long', (text) => text + 'x'.repeat(20_000)],
    ['text after the block', (text) => `${text}more\n`],
    ['two blocks', (text) => text + text.slice(text.indexOf('-----'))],
    ['no role', (text) => text.replace(/^Role.*\n/, '')],
    ['no development line', (text) => text.replace(/Development.*\n/, '')],
    ['a role that nobody has', (text) => text.replace('rekor-log', 'rekor')],
    ['no public key in its line', (text) => text.replace(/Public-Key: .*/, 'Public-Key: AAAA')],
    [
      'another seed',
      (text) => text.replace(lastOfBody, (all, last) => (last === 'A' ? all.replace('A', 'E') : `A${all.slice(1)}`)),
    ],
    ['no PKCS #8 in the block', (text) => text.replace(/KEY-----\n[^-]+/, 'KEY-----\nAAAA\n')],
  ])('%s', async (_, damage) => {
    await expect(openKeyFile(await edited(damage), LOG)).rejects.toThrow(code('damaged-key-file'));
  });

  test.each<SigningAlgorithm>(['ecdsa-p256', 'ecdsa-p384', 'ml-dsa-44'])(
    'the private half of another %s key',
    async (algorithm) => {
      const options = { ...LOG, algorithm };
      const other = await readFile(await edited((text) => text, options), 'latin1');
      const path = await edited(
        (text) => text.slice(0, text.indexOf('-----')) + other.slice(other.indexOf('-----')),
        options,
      );
      await expect(openKeyFile(path, options)).rejects.toThrow(code('damaged-key-file'));
    },
  );

  test('the private half of a key of another type', async () => {
    const other = await readFile(await edited((text) => text, { ...LOG, algorithm: 'ecdsa-p256' }), 'latin1');
    const path = await edited((text) => text.slice(0, text.indexOf('-----')) + other.slice(other.indexOf('-----')));
    await expect(openKeyFile(path, LOG)).rejects.toThrow(code('damaged-key-file'));
  });
});
