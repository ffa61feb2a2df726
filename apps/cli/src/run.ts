import { CommanderError } from 'commander';
import { formatJson } from './context.js';
import { EXIT, explain, type Explanation } from './failure.js';
import type { Io } from './io.js';
import { marked, plainLines } from './lines.js';
import { buildProgram } from './program.js';

/** Runs one command line (without the program's name) and gives the exit code. Never throws. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let exit: number = EXIT.done;
  let schema = 'tally/error/v1';
  const program = buildProgram(io, {
    started: (name) => (schema = name),
    finished: (code) => (exit = code),
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return io.signal.aborted ? EXIT.interrupted : exit;
  } catch (error) {
    const { json, debug } = program.opts<{ json?: boolean; debug?: boolean }>();
    const { exit: code, next, ...said } = failed(error, io);
    if (json && code !== EXIT.done) io.stdout.write(formatJson({ schema, error: { ...said, next }, exit: code }));
    // Commander has told people what it found, and who interrupts knows.
    if (error instanceof CommanderError || code === EXIT.interrupted) return code;
    io.stderr.write(marked('fail', said.message, io.stderr, io.env));
    if (next !== undefined) io.stderr.write(`${plainLines(next).replaceAll(/^/gm, '  ')}\n`);
    if (debug) io.stderr.write(`${plainLines(stack(error))}\n`);
    return code;
  }
}

/** A line that commander refuses is a mistake in the usage; asking for help or the version is none. */
function failed(error: unknown, io: Io): Explanation {
  if (io.signal.aborted)
    return { exit: EXIT.interrupted, code: 'interrupted', message: 'interrupted', next: undefined };
  if (!(error instanceof CommanderError)) return explain(error);
  const message = error.code === 'commander.help' ? 'no command is given' : error.message.replace(/^error: /, '');
  return { exit: error.exitCode === 0 ? EXIT.done : EXIT.usage, code: 'usage', message, next: undefined };
}

function stack(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stack(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
