import { parseArgs } from 'node:util';
import { CONFIG_WORDS } from './config-words.js';

export type Command = 'run' | 'init' | 'keys' | 'adopt' | 'unfreeze' | 'help';

export interface CommandLine {
  readonly command: Command;
  readonly config: string | undefined;
  /** What follows the command. */
  readonly items: readonly string[];
}

/** `create-key` is the older name of `init`. */
const COMMANDS: Readonly<Record<string, Command>> = {
  run: 'run',
  init: 'init',
  'create-key': 'init',
  keys: 'keys',
  adopt: 'adopt',
  unfreeze: 'unfreeze',
  help: 'help',
};
const ITEMS: Readonly<Record<Command, number>> = { run: 0, init: 0, keys: 0, adopt: 1, unfreeze: 1, help: 0 };

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
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}`);
  if (items.length !== ITEMS[command]) {
    throw new UsageError(ITEMS[command] === 1 ? `${name} needs the origin of a log` : `${name} takes no ${items[0]}`);
  }
  return { command, config: parsed.values.config, items };
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const HELP = `tally-witness: cosigns the checkpoints of transparency logs, each only if it extends the one before.

Usage: tally-witness [command] [--config FILE]

Commands:
  run             start the witness (the default)
  init            make the keys if there are none, print the verifier keys, and end
  keys            print the verifier keys
  adopt ORIGIN    after a restored backup: take the newest cosigned checkpoint that was found as the record of this log
  unfreeze ORIGIN cosign a log again that was caught with two histories; its evidence is kept
  help            print this

Options:
  -c, --config FILE   settings, one a line (also: TALLY_WITNESS_CONFIG)
  -h, --help          print this

The first witness, in an empty directory:
  TALLY_WITNESS_NAME=witness.example.org/w1 tally-witness
It makes its keys and its data in ./tally-witness-data, listens on 127.0.0.1:7106, and shows how it is on that address.

The lines of the config file:
${Object.values(CONFIG_WORDS)
  .map(({ usage, repeats }) => `  ${usage.padEnd(42)}${repeats ? ' (any number of them)' : ''}`.trimEnd())
  .join('\n')}

Every setting can also come from the environment (TALLY_WITNESS_NAME, …), which wins. apps/witness/README.md has them all.
`;
