import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';

/** One figure of a run, next to the limit that was measured in the same run. */
export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** What the machine, or the same work with nothing of ours around it, gives. */
  readonly limit: number;
  /** What `value / limit` should be; none for a figure that is only watched. */
  readonly target?: { readonly ratio: number; readonly is: 'at-least' | 'at-most' };
  /** What the limit consists of, and what else there is to say. */
  readonly of: string;
}

export const atLeast = (ratio: number): Figure['target'] => ({ ratio, is: 'at-least' });
export const atMost = (ratio: number): Figure['target'] => ({ ratio, is: 'at-most' });

function round(number: number): number {
  return Number(number.toPrecision(3));
}

function line({ figure, value, unit, limit, target }: Figure): Record<string, unknown> {
  const ratio = value / limit;
  const met = target && (target.is === 'at-least' ? ratio >= target.ratio : ratio <= target.ratio);
  return {
    figure,
    value: round(value),
    unit,
    limit: round(limit),
    ratio: round(ratio),
    target: target ? round(target.ratio) : null,
    met: met ?? null,
  };
}

function verdict(figure: Figure): string {
  const { target } = figure;
  if (!target) return 'no target';
  return `target ${target.is === 'at-least' ? '≥' : '≤'} ${round(target.ratio)}: ${line(figure)['met'] ? 'met' : 'MISSED'}`;
}

/** A readable line and a JSON line. */
export function printFigure(figure: Figure): void {
  const { value, unit, limit, of } = figure;
  const ratio = `ratio ${round(value / limit)} (${verdict(figure)})`;
  process.stdout.write(`${figure.figure}: ${round(value)} ${unit}; limit ${round(limit)} ${unit} (${of}); ${ratio}\n`);
  process.stdout.write(`${JSON.stringify(line(figure))}\n`);
}

/** The figures of one run as a page. */
export async function writeReport(path: string, figures: readonly Figure[], seconds: number): Promise<void> {
  const rows = figures.map((figure) => {
    const { value, unit, limit, of } = figure;
    return `| ${figure.figure} | ${round(value)} ${unit} | ${round(limit)} ${unit} | ${round(value / limit)} | ${verdict(figure)} | ${of} |`;
  });
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  const page = [
    '# Figures of the last run',
    '',
    `\`npm run bench\`, ${new Date().toISOString().slice(0, 16)}Z, ${Math.round(seconds)} s, on ${machine}.`,
    'Each figure stands beside its limit, measured in the same run; on a busy machine the ratio says more than the value.',
    '',
    '| figure | value | limit | ratio | | what the limit is |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ];
  await writeFile(path, page.join('\n'));
}

export function quantile(samples: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

/** Milliseconds of each of `count` runs, one after the other. */
export async function sample(count: number, run: (i: number) => unknown): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await run(i);
    samples.push(performance.now() - start);
  }
  return samples;
}
