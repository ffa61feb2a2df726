import { existsSync } from 'node:fs';
import { formatVerifierKey } from '#libs/note';
import type { WitnessConfig } from './config.js';
import { openCosigner } from './cosigning/open-cosigner.js';

/** The verifier keys, a line each. `create` makes key files that are not there. @throws SettingsError, SignerError */
export async function verifierKeyLines(config: WitnessConfig, create: boolean): Promise<string> {
  const only = { ...config, makeKeys: create && config.makeKeys === true };
  const { keys } = await openCosigner(only, create);
  return keys.map((key) => `${formatVerifierKey(key)}\n`).join('');
}

/** Whether a start would be the first one: it makes its keys. */
export function isFirstStart({ keyFile, makeKeys }: WitnessConfig): boolean {
  return makeKeys === true && !existsSync(keyFile);
}
