/** How many witnesses a stack runs; two of them are a quorum. */
export const WITNESS_COUNT = 3;

/** Where each service of a stack listens. Offset 10 is kept free for a Rekor v1 log. */
export interface Ports {
  readonly trust: number;
  readonly issuer: number;
  readonly ca: number;
  readonly rekorLog: number;
  readonly ctLog: number;
  readonly tsa: number;
  readonly witnesses: readonly number[];
  readonly monitor: number;
}

export function portsFrom(first: number): Ports {
  return {
    trust: first,
    issuer: first + 1,
    ca: first + 2,
    rekorLog: first + 3,
    ctLog: first + 4,
    tsa: first + 5,
    witnesses: Array.from({ length: WITNESS_COUNT }, (_, index) => first + 6 + index),
    monitor: first + 9,
  };
}
