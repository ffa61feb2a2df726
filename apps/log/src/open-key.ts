import { openKeyFile, type Signer } from '#libs/signer';
import type { LogConfig } from './config.js';

const KEY_OF = {
  rekor: { role: 'rekor-log', algorithm: 'ed25519' },
  ct: { role: 'ct-log', algorithm: 'ecdsa-p256' },
} as const;

/** The signer whose key file the settings name; `create` makes the file if it is not there. @throws SignerError */
export function openLogKey(
  { kind, keyFile, profile }: Pick<LogConfig, 'kind' | 'keyFile' | 'profile'>,
  create = false,
): Promise<Signer> {
  return openKeyFile(keyFile, { ...KEY_OF[kind], profile, create });
}
