import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { equalBytes, utf8Encode } from '#libs/crypto';
import { SettingsError } from '#libs/server';
import { openKeyFile, type Signer, type SigningAlgorithm } from '#libs/signer';
import type { WitnessConfig } from '../config.js';
import { eventStorePath } from '../data-directory.js';
import { writeLastRun } from '../lookback/last-run.js';
import { Cosigner } from './cosigner.js';

/** tlog-cosignature: a length in one byte stands before the cosigner's name. */
const NAME_MAX_BYTES = 255;

/**
 * The witness's name and keys. Keys that are missing are made when the settings leave them to us and nothing was cosigned
 * yet, or when `create` says so: a lost key must not come back as another identity. @throws SignerError, SettingsError
 */
export async function openCosigner(config: WitnessConfig, create: boolean = false): Promise<Cosigner> {
  const { name, keyFile, mlDsaKeyFile, keyPassphraseFile, profile, logs, dataDirectory, makeKeys } = config;
  if (utf8Encode(name).length > NAME_MAX_BYTES) {
    throw new SettingsError(`the name of a witness has at most ${NAME_MAX_BYTES} bytes`);
  }
  const missing = [keyFile, mlDsaKeyFile].filter((path) => path !== undefined && !existsSync(path));
  const used = existsSync(eventStorePath(dataDirectory));
  // A key file that the operator named himself may be added later, by `init`.
  if (missing.length > 0 && used && (makeKeys || !create)) {
    throw new SettingsError(
      `${dataDirectory} has cosigned already, and the key ${missing.join(' and ')} is missing: ` +
        'put it back from where you keep it; a witness that has lost its key is another witness, with another name and other data',
    );
  }
  const passphrase = await readPassphrase(keyPassphraseFile);
  const open = (path: string, algorithm: SigningAlgorithm): Promise<Signer> =>
    openKeyFile(path, {
      role: 'witness',
      algorithm,
      profile,
      create: create || makeKeys === true,
      ...(passphrase !== undefined && { passphrase }),
    });
  const ed25519 = await open(keyFile, 'ed25519');
  const mlDsa = mlDsaKeyFile === undefined ? undefined : await open(mlDsaKeyFile, 'ml-dsa-44');
  // A key just made has cosigned nothing: there is nothing that could have been forgotten.
  if (missing.includes(keyFile) && !used && dirname(keyFile) === dataDirectory) {
    await writeLastRun(dataDirectory, Date.now());
  }
  const cosigner = new Cosigner(name, ed25519, mlDsa);
  // One key, one role. And an Ed25519 cosignature does not even say which name it was made under.
  if (logs.some(({ publicKey }) => cosigner.keys.some((own) => equalBytes(publicKey, own.publicKey)))) {
    throw new SettingsError(`the key in ${keyFile} is that of a log: a witness needs its own`);
  }
  return cosigner;
}

async function readPassphrase(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return (await readFile(path, 'utf8')).trimEnd();
  } catch (error) {
    throw new SettingsError(`cannot read the passphrase ${path}: ${(error as Error).message}`);
  }
}
