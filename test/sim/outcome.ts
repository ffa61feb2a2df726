/** What became of one fork (or of one honest hour). Times from the fork on; Infinity is never. */
export interface Outcome {
  /** The first honest node that holds evidence. */
  readonly firstMs: number;
  /** `mostShare` (99 %) of honest nodes hold it. */
  readonly mostMs: number;
  /** Share of honest nodes that hold it at the end. */
  readonly informed: number;
  /** The first that holds a head which nothing has linked for `suspicionMs`. */
  readonly suspectedMs: number;
  /** Nodes that hold evidence against a log that has only one view. */
  readonly falseAlarms: number;
  readonly messages: Readonly<Messages>;
}

/** What honest nodes sent: heads and evidence passed on, anti-entropy (hello, answer, items), pulls, fetches of tiles. */
export interface Messages {
  relay: number;
  sync: number;
  pull: number;
  tiles: number;
}
