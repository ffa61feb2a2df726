import { parseArgs } from 'node:util';
import { EventStoreError } from '#libs/event-store';
import { SignerError } from '#libs/signer';
import type { ConfigWord } from './config-file.js';
import { SettingsError } from './settings.js';

/** The commands of a program, each with what it needs one of (`the origin of a log`), or null for those that take nothing. */
export type Commands = Readonly<Record<string, string | null>>;

export interface CommandLine<Command> {
  readonly command: Command;
  readonly config: string | undefined;
  /** What follows the command. */
  readonly items: readonly string[];
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** `[command] [--config FILE]`; `run` when there is no command, `help` wherever it is asked for. @throws UsageError */
export function parseCommandLine<C extends Commands>(
  args: readonly string[],
  commands: C,
): CommandLine<keyof C | 'run' | 'help'> {
  const options = { config: { type: 'string', short: 'c' }, help: { type: 'boolean', short: 'h' } } as const;
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // After the first sentence Node explains how to say something else.
    throw new UsageError((error as Error).message.split(/\.\s/, 1)[0]);
  }
  const [name = 'run', ...items] = parsed.positionals;
  if (parsed.values.help) return { command: 'help', config: undefined, items: [] };
  const wanted = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (wanted === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}`);
  if (items.length !== (wanted === null ? 0 : 1)) {
    throw new UsageError(wanted === null ? `${name} takes no ${items[0]}` : `${name} needs ${wanted}`);
  }
  return { command: name, config: parsed.values.config, items };
}

/** For the help of a program: how the lines of its config file are written. */
export function configUsage(words: Readonly<Record<string, ConfigWord>>): string {
  return Object.values(words)
    .map(({ usage, repeats }) => `  ${usage.padEnd(42)}${repeats ? ' (any number of them)' : ''}`.trimEnd())
    .join('\n');
}

/** A program with commands and a config file. */
export interface Program<C extends Commands> {
  readonly name: string;
  readonly commands: C;
  /** What `help` prints. */
  readonly help: string;
}

/**
 * Does what a command line says, and has the result, but for what its user got wrong and what was found: that is a line on
 * stderr. Exit codes: 1 for what was found, 2 for settings and usage.
 */
export async function runCommand<C extends Commands, T>(
  { name, commands, help }: Program<C>,
  args: readonly string[],
  run: (line: CommandLine<keyof C | 'run' | 'help'>) => Promise<T>,
): Promise<T | undefined> {
  try {
    const line = parseCommandLine(args, commands);
    if (line.command !== 'help') return await run(line);
    process.stdout.write(help);
  } catch (error) {
    if (error instanceof UsageError) fail(2, `${error.message}\n(${name} --help says more)`);
    else if (error instanceof SettingsError || error instanceof SignerError) fail(2, error.message);
    else if (error instanceof EventStoreError) fail(1, error.message);
    else throw error;
  }
  return undefined;
}

function fail(code: number, message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = code;
}
