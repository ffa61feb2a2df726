/** p50, p95 and p99 of the runs; a run in which it never happened counts as Infinity. */
export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** A share that was estimated from runs, with Wilson's 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export function quantile(samples: readonly number[], q: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

export function quantiles(samples: readonly number[]): Quantiles {
  return { p50: quantile(samples, 0.5), p95: quantile(samples, 0.95), p99: quantile(samples, 0.99) };
}

export function estimate(hits: number, runs: number): Estimate {
  const z = 1.96;
  const value = hits / runs;
  const scale = 1 + z ** 2 / runs;
  const centre = (value + z ** 2 / (2 * runs)) / scale;
  const width = (z / scale) * Math.sqrt((value * (1 - value)) / runs + z ** 2 / (4 * runs ** 2));
  return { value, low: hits === 0 ? 0 : centre - width, high: hits === runs ? 1 : centre + width };
}

export function mean(samples: readonly number[]): number {
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
}
