import type { Io, Output } from './io.js';
import { run } from './run.js';

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort(new Error('interrupted'));
  });
}
// `tally … | head` closes the pipe when it has enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

function output(stream: NodeJS.WriteStream): Output {
  return { isTerminal: stream.isTTY === true, write: (text) => void stream.write(text) };
}

const io: Io = {
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  env: process.env,
  cwd: process.cwd(),
  signal: interrupt.signal,
  now: () => new Date(),
};

process.exitCode = await run(process.argv.slice(2), io);
