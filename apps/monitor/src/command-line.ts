import { parseArgs } from 'node:util';
import { CONFIG_WORDS } from './config-words.js';

export type Command = 'run' | 'check' | 'acknowledge' | 'help';

export interface CommandLine {
  readonly command: Command;
  readonly config: string | undefined;
  /** What follows the command. */
  readonly items: readonly string[];
}

const ITEMS: Readonly<Record<Command, number>> = { run: 0, check: 0, acknowledge: 1, help: 0 };

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const options = { config: { type: 'string', short: 'c' }, help: { type: 'boolean', short: 'h' } } as const;
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const [name = 'run', ...items] = parsed.positionals;
  if (parsed.values.help) return { command: 'help', config: undefined, items: [] };
  if (!isCommand(name)) throw new UsageError(`there is no command ${JSON.stringify(name)}`);
  if (items.length !== ITEMS[name]) {
    throw new UsageError(
      name === 'acknowledge'
        ? 'acknowledge needs the ID of an evidence (/evidence lists them)'
        : `${name} takes no ${items[0]}`,
    );
  }
  return { command: name, config: parsed.values.config, items };
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

function isCommand(name: string): name is Command {
  return Object.hasOwn(ITEMS, name);
}

export const HELP = `tally-monitor: follows transparency logs, their mirrors and the gossip of witnesses, and alarms when they don't tally.

Usage: tally-monitor [command] [--config FILE]

Commands:
  run               start the monitor (the default)
  check             read the settings, say what would be followed, and end
  acknowledge ID    end the alarm about an evidence, which stays; while the monitor is stopped
  help              print this

Options:
  -c, --config FILE   settings, one a line (also: TALLY_MONITOR_CONFIG)
  -h, --help          print this

The first monitor, in an empty directory:
  TALLY_MONITOR_LOGS='<vkey> <url>' tally-monitor
It keeps its data in ./tally-monitor-data, listens on 127.0.0.1:7109, and shows how the log is on that address.

The lines of the config file:
${Object.values(CONFIG_WORDS)
  .map(({ usage, repeats }) => `  ${usage.padEnd(42)}${repeats ? ' (any number of them)' : ''}`.trimEnd())
  .join('\n')}

Every setting can also come from the environment (TALLY_MONITOR_NAME, …), which wins. apps/monitor/README.md has them all.
`;
