/** One figure of a run, next to the limit that was measured in the same run. */
export interface Figure {
  readonly figure: string;
  /** Median. */
  readonly value: number;
  readonly p99: number;
  readonly unit: 'ms';
  /** What the same work costs with nothing of ours around it. */
  readonly limit: number;
  /** What the limit consists of. */
  readonly of: string;
}

/** A readable line and a JSON line. */
export function printFigure({ figure, value, p99, unit, limit, of }: Figure): void {
  const round = (number: number): number => Number(number.toPrecision(3));
  const ratio = round(value / limit);
  process.stdout.write(
    `${figure}: p50 ${round(value)} ${unit}, p99 ${round(p99)} ${unit}; limit ${round(limit)} ${unit} (${of}); ratio ${ratio}\n`,
  );
  process.stdout.write(
    `${JSON.stringify({ figure, value: round(value), p99: round(p99), unit, limit: round(limit), ratio })}\n`,
  );
}

export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
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
