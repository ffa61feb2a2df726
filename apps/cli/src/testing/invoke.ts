import { run } from '../run.js';

export interface Invocation {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface InvokeOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly terminal?: boolean;
  readonly signal?: AbortSignal;
  readonly now?: Date;
  /** Sees what goes to stderr while the command runs: a person who reads the address of the sign-in. */
  readonly reader?: (stderr: string) => void;
}

/** Runs a command line in this process, as `main` does, in an environment of its own. */
export async function invoke(argv: readonly string[], options: InvokeOptions = {}): Promise<Invocation> {
  const { env = {}, cwd = process.cwd(), terminal = false, signal = new AbortController().signal } = options;
  let stdout = '';
  let stderr = '';
  const exit = await run(argv, {
    stdout: { isTerminal: terminal, write: (text) => (stdout += text) },
    stderr: {
      isTerminal: terminal,
      write: (text) => {
        stderr += text;
        options.reader?.(stderr);
      },
    },
    interactive: terminal,
    env,
    cwd,
    signal,
    now: () => options.now ?? new Date(),
  });
  return { exit, stdout, stderr };
}
