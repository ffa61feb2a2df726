import { runCommand, type CommandLine } from '#libs/server';
import { acknowledge } from './acknowledge.js';
import { COMMANDS, HELP } from './command-line.js';
import { loadConfig, type MonitorConfig } from './config.js';
import { watchedOf } from './watched-log.js';

const PROGRAM = { name: 'tally-monitor', commands: COMMANDS, help: HELP };

/** Does what the command line says, but for running the service: then the settings are the result. */
export function execute(args: readonly string[], env: NodeJS.ProcessEnv): Promise<MonitorConfig | undefined> {
  return runCommand(PROGRAM, args, (line) => executeWith(line, loadConfig(env, line.config)));
}

async function executeWith(
  { command, items }: CommandLine<keyof typeof COMMANDS>,
  config: MonitorConfig,
): Promise<MonitorConfig | undefined> {
  switch (command) {
    case 'check':
      process.stdout.write(plan(config));
      return undefined;
    case 'acknowledge': {
      const { proven } = await acknowledge(config, items[0] ?? '');
      process.stdout.write(`acknowledged: ${proven.summary}\n`);
      return undefined;
    }
    default:
      return config;
  }
}

/** What these settings mean, for people. */
function plan(config: MonitorConfig): string {
  const lines = watchedOf(config).logs.flatMap(({ origin, keys, views, policies }) => [
    `${origin} (${keys.length} ${keys.length === 1 ? 'key' : 'keys'})`,
    ...views.map(({ kind, url }) => `  ${kind.padEnd(8)} ${url}`),
    ...policies.map(({ name }) => `  policy   ${name}`),
  ]);
  return `${lines.join('\n')}\n`;
}
