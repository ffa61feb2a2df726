import { readFile } from 'node:fs/promises';
import { equalBytes } from '#libs/crypto';
import { SettingsError } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import type { WitnessConfig } from '../config.js';
import { Cosigner } from './cosigner.js';

/** The witness's name and key; `create` makes the key file if there is none. @throws SignerError, SettingsError */
export async function openCosigner(config: WitnessConfig, create: boolean = false): Promise<Cosigner> {
  const { name, keyFile, keyPassphraseFile, profile, logs } = config;
  const passphrase = keyPassphraseFile && (await readFile(keyPassphraseFile, 'utf8')).trimEnd();
  const options = {
    role: 'witness',
    algorithm: 'ed25519',
    profile,
    create,
    ...(passphrase && { passphrase }),
  } as const;
  const cosigner = new Cosigner(name, await openKeyFile(keyFile, options));
  // One key, one role. And an Ed25519 cosignature does not even say which name it was made under.
  if (logs.some(({ publicKey }) => equalBytes(publicKey, cosigner.key.publicKey))) {
    throw new SettingsError(`the key in ${keyFile} is that of a log: a witness needs its own`);
  }
  return cosigner;
}
