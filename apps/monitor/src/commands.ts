import { EventStoreError } from '#libs/event-store';
import { SettingsError } from '#libs/server';
import { acknowledge } from './acknowledge.js';
import { HELP, UsageError, parseCommandLine, type CommandLine } from './command-line.js';
import { loadConfig, type MonitorConfig } from './config.js';
import { watchedOf } from './watched-log.js';

/**
 * Does what the command line says, but for running the service: then the settings are the result.
 * Exit codes: 1 for what was found, 2 for settings and usage.
 */
export async function execute(args: readonly string[], env: NodeJS.ProcessEnv): Promise<MonitorConfig | undefined> {
  try {
    const line = parseCommandLine(args);
    if (line.command === 'help') process.stdout.write(HELP);
    else return await executeWith(line, loadConfig(env, line.config));
  } catch (error) {
    if (error instanceof UsageError) fail(2, `${error.message}\n(tally-monitor --help says more)`);
    else if (error instanceof SettingsError) fail(2, error.message);
    else if (error instanceof EventStoreError) fail(1, error.message);
    else throw error;
  }
  return undefined;
}

async function executeWith({ command, items }: CommandLine, config: MonitorConfig): Promise<MonitorConfig | undefined> {
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

function fail(code: number, message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = code;
}
