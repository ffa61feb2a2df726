import type { Estimate, Quantiles } from './statistics.js';

/** One question and its answer. */
export interface Table {
  readonly question: string;
  /** In what the world differs from the defaults, how often it ran, and from which seed. */
  readonly world: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What the answer is, in a sentence. */
  readonly reading?: string;
  /** What must never be, and was. */
  readonly failure?: string;
}

/** How many runs a cell gets: `of(400)` is 400 in a whole run, fewer in a quick one. */
export interface Effort {
  of(runs: number): number;
}

export function markdown(table: Table): string {
  const { question, world, head, rows, reading } = table;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const lines = [`## ${question}`, '', world, '', line(head), line(head.map(() => '---')), ...rows.map(line)];
  return `${[...lines, ...(reading ? ['', reading] : [])].join('\n')}\n`;
}

/** `91 ms`, `5.2 s`, `12 min`, `never`. */
export function time(ms: number): string {
  if (ms === Infinity) return 'never';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 100_000 ? `${round(ms / 1000)} s` : `${round(ms / 60_000)} min`;
}

export function times({ p50, p95, p99 }: Quantiles): string {
  return [p50, p95, p99].map(time).join(' / ');
}

/** `0.43 (0.39–0.48)`: estimate and 95 % interval. */
export function probability({ value, low, high }: Estimate): string {
  if (value === 0) return `0 (≤ ${round(high)})`;
  return `${round(value)} (${round(low)}–${round(high)})`;
}

export function round(number: number): string {
  return String(Number(number.toPrecision(2)));
}

export const DETECTION_HEAD = [
  'unseen after 1 h',
  'first node p50 / p95 / p99',
  '99 % of nodes p50 / p95 / p99',
  'know in the end',
];

/** The four columns of DETECTION_HEAD. */
export function detection(summary: {
  undetected: Estimate;
  first: Quantiles;
  most: Quantiles;
  informed: number;
}): string[] {
  const { undetected, first, most, informed } = summary;
  return [probability(undetected), times(first), times(most), `${(100 * informed).toFixed(0)} %`];
}
