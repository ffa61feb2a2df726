import { existsSync } from 'node:fs';
import { formatVerifierKey, type VerifierKey } from '#libs/note';
import type { WitnessConfig } from './config.js';
import { Cosigner } from './cosigning/cosigner.js';
import { openCosigner } from './cosigning/open-cosigner.js';
import { openMirror } from './mirror/open-mirror.js';

/** The verifier keys, a line each. `create` makes key files that are not there. @throws SettingsError, SignerError */
export async function verifierKeyLines(config: WitnessConfig, create: boolean): Promise<string> {
  const only = { ...config, makeKeys: create && config.makeKeys === true };
  const { keys: ownKeys } = await openCosigner(only, create);
  const keys = config.mirrors?.length ? [...ownKeys, ...(await mirrorKeys(config, create))] : ownKeys;
  return keys.map((key) => `${formatVerifierKey(key)}\n`).join('');
}

async function mirrorKeys(config: WitnessConfig, create: boolean): Promise<readonly VerifierKey[]> {
  const { name, signers } = await openMirror(config, create);
  return new Cosigner(name, signers.ed25519, signers.mlDsa44).keys;
}

/** Whether a start would be the first one: it makes its keys. */
export function isFirstStart({ keyFile, makeKeys }: WitnessConfig): boolean {
  return makeKeys === true && !existsSync(keyFile);
}
