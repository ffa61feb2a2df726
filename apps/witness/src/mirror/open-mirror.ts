import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { equalBytes } from '#libs/crypto';
import { SettingsError } from '#libs/server';
import { openKeyFile, type Signer, type SigningAlgorithm } from '#libs/signer';
import type { WitnessConfig } from '../config.js';
import type { MirroredLogOptions, MirrorOptions } from './mirror-options.js';

/** tlog-cosignature: a length in one byte stands before the cosigner's name. */
const NAME_MAX_BYTES = 255;

/**
 * What the settings of the witness say about its mirror. With `mayCreate` its keys are made at the first start: as long as there
 * is no store that they could be missing from. @throws SettingsError, SignerError
 */
export async function openMirror(config: WitnessConfig, mayCreate: boolean = true): Promise<MirrorOptions> {
  const { dataDirectory, mlDsaKeyFile } = config;
  // tlog-mirror: a cosigner of its own, with a name of its own.
  const name = `${config.name}/mirror`;
  if (Buffer.byteLength(name) > NAME_MAX_BYTES) {
    throw new SettingsError(`the name of the mirror, ${name}, has at most ${NAME_MAX_BYTES} bytes`);
  }
  const directory = join(dataDirectory, 'mirror');
  const create = mayCreate && !existsSync(join(directory, 'events.sqlite'));
  const ed25519 = await openKey(config, 'mirror.key', 'ed25519', create);
  const mlDsa44 =
    mlDsaKeyFile === undefined ? undefined : await openKey(config, 'mirror-ml-dsa-44.key', 'ml-dsa-44', create);
  return {
    name,
    signers: { ed25519, ...(mlDsa44 && { mlDsa44 }) },
    directory,
    logs: mirroredLogs(config),
  };
}

/** The logs whose origins are to be mirrored, with all of their keys. @throws SettingsError for an origin without a key */
export function mirroredLogs({ mirrors = [], logs }: Pick<WitnessConfig, 'mirrors' | 'logs'>): MirroredLogOptions[] {
  return [...new Set(mirrors)].map((origin) => {
    const keys = logs.filter((log) => log.name === origin);
    if (keys.length === 0) throw new SettingsError(`${origin} is to be mirrored, but no log has this name`);
    const url = keys.find((log) => log.url !== undefined)?.url;
    return { origin, keys, ...(url !== undefined && { url }) };
  });
}

async function openKey(
  config: WitnessConfig,
  file: string,
  algorithm: SigningAlgorithm,
  create: boolean,
): Promise<Signer> {
  const { dataDirectory, keyPassphraseFile, profile, logs } = config;
  const path = join(dataDirectory, file);
  if (!create && !existsSync(path)) {
    throw new SettingsError(
      `the key of the mirror, ${path}, is missing: if it has cosigned already, put it back from where you keep it; ` +
        'a mirror that has lost its key is another mirror',
    );
  }
  if ([config.keyFile, config.mlDsaKeyFile].some((other) => other !== undefined && resolve(other) === resolve(path))) {
    throw new SettingsError(`${path} is the key file of the mirror: the witness needs another`);
  }
  const passphrase = keyPassphraseFile && (await readFile(keyPassphraseFile, 'utf8')).trimEnd();
  const signer = await openKeyFile(path, {
    role: 'witness',
    algorithm,
    profile,
    create,
    ...(passphrase !== undefined && { passphrase }),
  });
  // One key, one role. And an Ed25519 cosignature does not even say which name it was made under.
  if (logs.some(({ publicKey }) => equalBytes(publicKey, signer.publicKey.raw))) {
    throw new SettingsError(`the key in ${path} is that of a log: a mirror needs its own`);
  }
  return signer;
}
