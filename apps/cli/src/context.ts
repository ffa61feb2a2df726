import type { Io } from './io.js';

/** What every command is given: the world, and the options that all commands share. */
export interface Context {
  readonly io: Io;
  /** `tally/<command>/v1`. */
  readonly schema: string;
  readonly json: boolean;
  readonly trustConfig: string | undefined;
}

/** The one result of a command: an object with --json, else text for people. */
export function printResult(context: Context, json: object, text: string): void {
  context.io.stdout.write(context.json ? formatJson({ schema: context.schema, ...json }) : text);
}

/** A line about what goes on, for people only. */
export function note(context: Context, text: string): void {
  context.io.stderr.write(`${text}\n`);
}

/** Indexes and sizes are JSON numbers: no log gets near 2^53. */
export function formatJson(value: object): string {
  return `${JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? Number(member) : member), 2)}\n`;
}
