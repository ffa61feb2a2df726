import { createLogger, runCommand, type CommandLine } from '#libs/server';
import { COMMANDS, HELP } from './command-line.js';
import { loadConfig, type WitnessConfig } from './config.js';
import { unfreeze } from './gossip/unfreeze.js';
import { adoptRecord } from './lookback/adopt-record.js';
import { isFirstStart, verifierKeyLines } from './print-keys.js';

const PROGRAM = { name: 'tally-witness', commands: COMMANDS, help: HELP };

/** Does what the command line says, but for running the service: then the settings are the result. */
export function execute(args: readonly string[], env: NodeJS.ProcessEnv): Promise<WitnessConfig | undefined> {
  return runCommand(PROGRAM, args, (line) => executeWith(line, loadConfig(env, line.config)));
}

async function executeWith(
  { command, items }: CommandLine<keyof typeof COMMANDS>,
  config: WitnessConfig,
): Promise<WitnessConfig | undefined> {
  switch (command) {
    case 'init':
    case 'create-key':
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
