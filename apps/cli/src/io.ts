/** One end that text goes out of. */
export interface Output {
  readonly isTerminal: boolean;
  write(text: string): void;
}

/** All that a command may touch of the world around it, files and services apart. */
export interface Io {
  /** Results, and nothing else. */
  readonly stdout: Output;
  /** Everything else. */
  readonly stderr: Output;
  /** Somebody sits there who can be asked. */
  readonly interactive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths start here. */
  readonly cwd: string;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  now(): Date;
}
