import { CommanderError } from 'commander';
import { formatJson } from './context.js';
import { EXIT, explain } from './failure.js';
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
    // The text is on stderr already; asking for help or the version is no mistake.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (io.signal.aborted) return EXIT.interrupted;
    const { json, debug } = program.opts<{ json?: boolean; debug?: boolean }>();
    const { exit: code, next, ...said } = explain(error);
    if (json) io.stdout.write(formatJson({ schema, error: { ...said, next }, exit: code }));
    io.stderr.write(marked('fail', said.message, io.stderr, io.env));
    if (next !== undefined) io.stderr.write(`${plainLines(next).replaceAll(/^/gm, '  ')}\n`);
    if (debug) io.stderr.write(`${plainLines(stack(error))}\n`);
    return code;
  }
}

function stack(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stack(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
