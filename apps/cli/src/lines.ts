import { styleText } from 'node:util';
import type { Io, Output } from './io.js';

export type Mark = 'ok' | 'warn' | 'fail';

const MARKS = { ok: ['✓', 'green'], warn: ['!', 'yellow'], fail: ['✗', 'red'] } as const;

/**
 * `✓ text`, in colour only where somebody looks at it. The text may be what others wrote: further lines of it are
 * indented, so that none passes for a mark of ours.
 */
export function marked(mark: Mark, text: string, output: Output, env: Io['env']): string {
  const [sign, colour] = MARKS[mark];
  const shown = colours(output, env) ? styleText(colour, sign, { validateStream: false }) : sign;
  return `${shown} ${plainLines(text).replaceAll('\n', '\n  ')}\n`;
}

/** Aligned `name   value` lines; a value of several lines stays in its column, an undefined one is left out. */
export function fields(
  entries: readonly (readonly [name: string, value: string | undefined])[],
  indent = '  ',
): string {
  const shown = entries.filter((entry): entry is [string, string] => entry[1] !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => {
      const continued = `\n${indent}${' '.repeat(width + 2)}`;
      return `${indent}${name.padEnd(width)}  ${plainLines(value).replaceAll('\n', continued)}\n`;
    })
    .join('');
}

/** Aligned columns under a line of their names. */
export function table(names: readonly string[], rows: readonly (readonly string[])[], indent = '  '): string {
  const lines = [names, ...rows].map((row) => row.map(plain));
  const widths = names.map((_, column) => Math.max(...lines.map((row) => (row[column] ?? '').length)));
  return lines
    .map((row) => `${indent}${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}

/** `2026-11-22 05:10:11 UTC`. */
export function shownTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** How long ago: `12 s`, `3 min`, `5 h`, `9 d`. */
export function shownAge(seconds: number): string {
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** A word for the shell, quoted where it must be. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A program as the user calls it: what was begun with npx has no place on the PATH. */
export function typed(program: string, env: Io['env']): string {
  return env.npm_lifecycle_event === 'npx' ? `npx ${program}` : program;
}

/** Text of others without control characters: a terminal must not obey it. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** As `plain`, but for the ends of lines. */
export function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}

function colours(output: Output, env: Io['env']): boolean {
  return output.isTerminal && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}
