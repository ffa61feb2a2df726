import { existsSync, readdirSync } from 'node:fs';
import { formatVerifierKey, KEY_TYPE, verifierKey } from '#libs/note';
import { openKeyFile, type KeyFileOptions } from '#libs/signer';
import type { LogConfig } from '../config.js';
import { LogError } from '../log-error.js';

const KEY_OF = {
  rekor: { role: 'rekor-log', algorithm: 'ed25519', type: KEY_TYPE.ed25519 },
  ct: { role: 'ct-log', algorithm: 'ecdsa-p256', type: KEY_TYPE.rfc6962 },
} as const;

/** What others know a log by. */
export interface LogKey {
  /** C2SP signed-note: for policies, and for witnesses and monitors. */
  readonly verifierKey: string;
  /** DER, SubjectPublicKeyInfo: for trusted roots. */
  readonly spki: Uint8Array;
}

/**
 * The key of the configured log; `create` makes its file if it is not there and the log has no data.
 * @throws SignerError, LogError other-log when the log has data and its key is gone
 */
export async function logKey({ kind, origin, profile, ...files }: LogConfig, create: boolean): Promise<LogKey> {
  const { keyFile, dataDirectory, markFile } = files;
  if (create && !existsSync(keyFile) && (hasFiles(dataDirectory) || existsSync(markFile))) {
    const there = `there is data of a log in ${dataDirectory}, or its mark ${markFile}`;
    throw new LogError('other-log', `${there}, and no key ${keyFile}: a new key would be another log`);
  }
  const { role, algorithm, type } = KEY_OF[kind];
  const options: KeyFileOptions = { role, algorithm, profile, create };
  const { raw, spki } = (await openKeyFile(keyFile, options)).publicKey;
  const key = verifierKey(origin, type, kind === 'rekor' ? raw : spki);
  return { verifierKey: formatVerifierKey(key), spki };
}

function hasFiles(directory: string): boolean {
  return existsSync(directory) && readdirSync(directory).length > 0;
}
