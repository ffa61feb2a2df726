import type { Io } from './io.js';
import { plainLines } from './lines.js';

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
  context.io.stderr.write(`${plainLines(text)}\n`);
}

/** Indexes and sizes are JSON numbers: no log gets near 2^53. */
export function formatJson(value: object): string {
  const json = JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? Number(member) : member), 2);
  return `${escapeControls(json)}\n`;
}

/** JSON leaves these as they are, and it stands on terminals too; they only occur in strings, where an escape says the same. */
function escapeControls(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
