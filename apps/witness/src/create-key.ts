import { formatVerifierKey } from '#libs/note';
import { SettingsError } from '#libs/server';
import { SignerError } from '#libs/signer';
import { loadConfig } from './config.js';
import { openCosigner } from './cosigning/open-cosigner.js';

/**
 * `main.js create-key`: makes the key file that the settings name, unless it is there, and prints the verifier key. The
 * service itself never makes a key: a lost one must not be replaced by another identity in silence.
 */
export async function createKey(env: NodeJS.ProcessEnv): Promise<void> {
  try {
    const { key } = await openCosigner(loadConfig(env), true);
    process.stdout.write(`${formatVerifierKey(key)}\n`);
  } catch (error) {
    if (!(error instanceof SettingsError || error instanceof SignerError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}
