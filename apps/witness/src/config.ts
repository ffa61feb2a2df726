import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { CodedError } from '#libs/crypto';
import { isKeyName, parseVerifierKey, type VerifierKey } from '#libs/note';
import { SettingsError, readSettings, serviceSettings } from '#libs/server';
import { logVerifier } from '#libs/tlog';

const settings = z.strictObject({
  ...serviceSettings,
  /** The name that stands in the witness's signature lines. It can never change: it is part of the key ID. */
  name: z.string().refine(isKeyName, 'should be a name without spaces and plus signs, such as witness.example.org/w1'),
  keyFile: z.string().min(1),
  /** File with the passphrase of the key file; without it the key is not encrypted. */
  keyPassphraseFile: z.string().min(1).optional(),
  /** The event store is `events.sqlite` in it. */
  dataDirectory: z.string().min(1),
  /** Verifier keys of the logs, separated by spaces. */
  logs: z.string().default(''),
  /** File with one verifier key a line; empty lines, and lines that begin with #, are left out. */
  logsFile: z.string().min(1).optional(),
});

export interface WitnessConfig extends Readonly<Omit<z.infer<typeof settings>, 'logs' | 'logsFile'>> {
  /** The origin of a log is the name of its key. A log may have several keys. */
  readonly logs: readonly VerifierKey[];
}

/** `TALLY_WITNESS_*`; the verifier keys are read from the file that is named there. @throws SettingsError */
export function loadConfig(env: NodeJS.ProcessEnv): WitnessConfig {
  const { logs, logsFile, ...rest } = readSettings('TALLY_WITNESS_', settings, env);
  const lines = logsFile === undefined ? [] : readLines(logsFile);
  const keys = [...logs.split(/\s+/), ...lines].filter((line) => line !== '' && !line.startsWith('#')).map(parseLogKey);
  if (keys.length === 0) throw new SettingsError('TALLY_WITNESS_LOGS or TALLY_WITNESS_LOGS_FILE should name a log');
  return { ...rest, logs: keys };
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim());
  } catch (error) {
    throw new SettingsError(`cannot read the logs ${path} (TALLY_WITNESS_LOGS_FILE): ${(error as Error).message}`);
  }
}

function parseLogKey(vkey: string): VerifierKey {
  try {
    const key = parseVerifierKey(vkey);
    logVerifier(key); // throws for a key that signs no checkpoints
    return key;
  } catch (error) {
    if (error instanceof CodedError) throw new SettingsError(`the log ${vkey} is not right: ${error.message}`);
    throw error;
  }
}
