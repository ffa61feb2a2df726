import { createLogger } from '#libs/server';
import { SettingsError } from '#libs/server';
import { EventStoreError } from '#libs/event-store';
import { SignerError } from '#libs/signer';
import { HELP, UsageError, parseCommandLine, type CommandLine } from './command-line.js';
import { loadConfig, type WitnessConfig } from './config.js';
import { unfreeze } from './gossip/unfreeze.js';
import { adoptRecord } from './lookback/adopt-record.js';
import { isFirstStart, verifierKeyLines } from './print-keys.js';

/**
 * Does what the command line says, but for running the service: then the settings are the result.
 * Exit codes: 1 for what was found, 2 for settings and usage.
 */
export async function execute(args: readonly string[], env: NodeJS.ProcessEnv): Promise<WitnessConfig | undefined> {
  try {
    const line = parseCommandLine(args);
    if (line.command === 'help') process.stdout.write(HELP);
    else return await executeWith(line, loadConfig(env, line.config));
  } catch (error) {
    if (error instanceof UsageError) fail(2, `${error.message}\n(tally-witness --help says more)`);
    else if (error instanceof SettingsError || error instanceof SignerError) fail(2, error.message);
    else if (error instanceof EventStoreError) fail(1, error.message);
    else throw error;
  }
  return undefined;
}

async function executeWith({ command, items }: CommandLine, config: WitnessConfig): Promise<WitnessConfig | undefined> {
  switch (command) {
    case 'init':
      process.stdout.write(await verifierKeyLines(config, true));
      return undefined;
    case 'keys':
      process.stdout.write(await verifierKeyLines(config, false));
      return undefined;
    case 'adopt': {
      const [origin = ''] = items;
      const size = await adoptRecord(config, origin, createLogger('witness'));
      process.stdout.write(`the record of ${origin} is now size ${size}\n`);
      return undefined;
    }
    case 'unfreeze': {
      const [origin = ''] = items;
      const keys = await unfreeze(config, origin);
      process.stdout.write(`cosigned again from the next start on:\n${keys.map((key) => `${key}\n`).join('')}`);
      return undefined;
    }
    default: {
      // JSON lines follow on stdout. Somebody who starts his first witness should see what to hand out.
      if (isFirstStart(config)) {
        const keys = await verifierKeyLines(config, true);
        process.stderr.write(`made the keys of ${config.name} in ${config.dataDirectory}; its verifier keys:\n${keys}`);
      }
      return config;
    }
  }
}

function fail(code: number, message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = code;
}
