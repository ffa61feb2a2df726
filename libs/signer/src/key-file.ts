import { open, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { verify } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import { createKeyFile, syncDirectory } from './create-key-file.js';
import { decryptKeyFile, formatKeyFile, parseKeyFile } from './key-file-format.js';
import { generateKey, PrivateKeySigner } from './private-key-signer.js';
import type { KeyRole, Signer, SigningAlgorithm } from './signer.js';
import { SignerError } from './signer-error.js';

export interface KeyFileOptions {
  readonly role: KeyRole;
  readonly algorithm: SigningAlgorithm;
  /** `production` refuses development keys; a key made under `development` is one. */
  readonly profile: 'development' | 'production';
  /** Make the key if there is no file. Without it a lost key is an error, and not silently another identity. */
  readonly create?: boolean;
  /** The file is encrypted with it. Should be a long random string: the key derivation is a quick one. */
  readonly passphrase?: string;
}

/** An ML-DSA-44 key, with its seed and its expanded form, encrypted, takes 6 KiB; all others less than 1 KiB. */
const KEY_FILE_MAX_BYTES = 16 * 1024;

// Neither the text of a note (no final newline) nor DER: this signature means nothing anywhere else.
const SELF_TEST = utf8Encode('tallystick key file self-test');

/**
 * The signer whose key is in the file at `path`.
 * @throws SignerError if the file is not there, open to others, damaged, encrypted otherwise than the options say, or
 *   made for another role, algorithm or profile
 */
export async function openKeyFile(path: string, options: KeyFileOptions): Promise<Signer> {
  if (options.passphrase === '') throw new SignerError('wrong-passphrase', `the passphrase for ${path} is empty`);
  const absolute = resolve(path);
  const text = (await readKeyFile(absolute)) ?? (await createAndRead(absolute, options));
  const file = parseKeyFile(text, absolute);

  if (file.role !== options.role) {
    throw new SignerError('wrong-role', `${absolute} is the key of a ${file.role}, it should be of a ${options.role}`);
  }
  if (file.publicKey.algorithm !== options.algorithm) {
    throw new SignerError(
      'wrong-algorithm',
      `${absolute} is an ${file.publicKey.algorithm} key, it should be an ${options.algorithm} key`,
    );
  }
  if (file.development && options.profile === 'production') {
    throw new SignerError('development-key', `${absolute} is a development key, and the profile is production`);
  }

  const privateKey = decryptKeyFile(file, absolute, options.passphrase);
  const key = { algorithm: options.algorithm, privateKey, publicKey: file.publicKey };
  const signer = new PrivateKeySigner(key, file.role, file.development);
  // A key of another type can't even sign.
  const signature = await signer.sign(SELF_TEST).catch(() => undefined);
  if (signature === undefined || !verify(signer.publicKey, signer.scheme, SELF_TEST, signature)) {
    throw new SignerError('damaged-key-file', `the private key in ${absolute} is not that of its Public-Key line`);
  }
  // A start that was killed between naming the file and the fsync of its directory left a name that a power cut takes back.
  if (options.create) await syncDirectory(dirname(absolute));
  return signer;
}

/** Reads back what is on the disk: a process that started at the same moment may have been first. */
async function createAndRead(path: string, options: KeyFileOptions): Promise<string> {
  if (options.create) {
    const development = options.profile === 'development';
    const key = generateKey(options.algorithm);
    await createKeyFile(path, formatKeyFile(key, options.role, development, options.passphrase));
  }
  const text = await readKeyFile(path);
  if (text === undefined) throw new SignerError('no-key-file', `there is no key file ${path}`);
  return text;
}

async function readKeyFile(path: string): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    // The mode of what was opened, not of what the path names a moment later.
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new SignerError(
        'exposed-key-file',
        `${path} has mode ${octal}, it should be 0600: others can reach the key`,
      );
    }
    if (size > KEY_FILE_MAX_BYTES) {
      throw new SignerError('damaged-key-file', `${path} has ${size} bytes, a key file at most ${KEY_FILE_MAX_BYTES}`);
    }
    return await file.readFile('latin1');
  } catch (cause) {
    if (cause instanceof SignerError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SignerError('unreadable-key-file', `cannot read the key file ${path}: ${(cause as Error).message}`, {
      cause,
    });
  } finally {
    await file?.close();
  }
}
