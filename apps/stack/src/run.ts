import { resolve } from 'node:path';
import { CodedError } from '#libs/crypto';
import { SettingsError, onShutdown } from '#libs/server';
import { whatRunsWhere, whatToTry } from './announcement.js';
import { loadSettings } from './settings.js';
import { startStack } from './stack.js';
import { StackError } from './stack-error.js';

/** The program: starts the stack, says what runs where, and stops it on SIGINT and SIGTERM. */
export async function run(): Promise<void> {
  const begun = performance.now();
  process.stdout.on('error', () => undefined); // `npm start | head` has read enough, and the stack goes on
  try {
    const settings = loadSettings(process.env);
    const starting = startStack(settings);
    onShutdown(async () => (await starting).close());
    const stack = await starting;
    process.stdout.write(`${whatRunsWhere(stack.home, stack.addresses, stack.logPath)}\n\n`);
    process.stdout.write(`${whatToTry(stack.addresses.issuer, environment(settings.home))}\n\n`);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    process.stdout.write(
      `ready after ${seconds} s at ${stack.addresses.trust} (Ctrl-C stops it, npm start goes on where it was)\n`,
    );
  } catch (error) {
    // Whoever typed `npm start` can do something about these; anything else is a fault of ours, and needs its stack trace.
    if (!(error instanceof SettingsError || error instanceof StackError || error instanceof CodedError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(error instanceof SettingsError ? 2 : 1);
  }
}

/** What another terminal must be told to find this stack. */
function environment(home: string): Record<string, string> {
  return home === resolve('.tally') ? {} : { TALLY_HOME: home };
}
