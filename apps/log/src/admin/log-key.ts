import { existsSync, readdirSync } from 'node:fs';
import { formatVerifierKey } from '#libs/note';
import type { LogConfig } from '../config.js';
import { LogError } from '../log-error.js';
import { openLogKey } from '../open-key.js';
import { kindOf } from './offline-log.js';

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
export async function logKey(config: LogConfig, create: boolean): Promise<LogKey> {
  const { keyFile, dataDirectory, markFile } = config;
  if (create && !existsSync(keyFile) && (hasFiles(dataDirectory) || existsSync(markFile))) {
    const there = `there is data of a log in ${dataDirectory}, or its mark ${markFile}`;
    throw new LogError('other-log', `${there}, and no key ${keyFile}: a new key would be another log`);
  }
  const signer = await openLogKey(config, create);
  const { key } = kindOf(config, signer).noteSigner(0n);
  return { verifierKey: formatVerifierKey(key), spki: signer.publicKey.spki };
}

function hasFiles(directory: string): boolean {
  return existsSync(directory) && readdirSync(directory).length > 0;
}
