const EULER = 0.5772;

/** One victim, inbound slots taken: all its k open links end at the adversary, all its r reserved ones are dead. */
export function isolated(f: number, k: number, d: number, r: number): number {
  return f ** k * d ** r;
}

/** Rounds of push on a complete graph until all know (Frieze and Grimmett 1985, Pittel 1987), up to O(1). */
export function pushRounds(nodes: number): number {
  return Math.log2(nodes) + Math.log(nodes);
}

/** Mean time, in mean periods, until all know by pairwise exchange at the ticks of Poisson clocks on a complete graph:
 *  with m informed the next one comes at rate 2 m (n − m) / (n − 1). The sum is (n − 1) / n · H(n − 1). */
export function exchangePeriods(nodes: number): number {
  return ((nodes - 1) / nodes) * (Math.log(nodes - 1) + EULER + 1 / (2 * (nodes - 1)));
}
