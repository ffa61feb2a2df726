import type { Delay } from './random.js';

/** One world. Shares are in [0, 1], times in milliseconds; the letters are those of the tables. */
export interface Parameters {
  /** Honest nodes; the adversary's are counted, not simulated: they relay nothing. */
  readonly nodes: number;
  readonly nodesPerOperator: number;
  /** Share of the honest nodes that stand in the witness directory. */
  readonly directoryShare: number;

  /** k: open links that each node dials, to any address it has heard of. */
  readonly openLinks: number;
  /** r: links that each node keeps to peers of the directory, and to nobody else. */
  readonly reservedLinks: number;
  /** Each reserved link goes to another operator; else all of a node's go to one. */
  readonly reservedSpread: boolean;

  /** f: share of all addresses that are the adversary's when the network starts. */
  readonly adversaryShare: number;
  /** d: share of the directory that is the adversary's: its reserved links are dead, its answers useless. */
  readonly dishonestDirectory: number;
  /** Addresses that the adversary adds each hour, per honest node. */
  readonly sybilsPerHour: number;
  /** Nodes that are shown the hidden view; the directory's are the last to be chosen. 0 is an honest log. */
  readonly victims: number;
  /** e: share of nodes whose open links, both ways, are all the adversary's; victims are the first of them. */
  readonly eclipsedShare: number;
  /** The adversary holds every inbound slot of the victims: no honest node's dial gets through to them. */
  readonly inboundTaken: boolean;

  /** Both heads of the fork at one size, or the hidden one larger, so that tiles are needed for a proof. */
  readonly sizes: 'same' | 'different';
  /** Each node asks at its own phase, or the log hands the head to all at once. */
  readonly look: 'poll' | 'push';
  readonly lookMs: number;
  /** A push reaches the node after one hop, or at once: 0. */
  readonly pushMs?: 0 | undefined;
  /** A new head (of either view) this often; Infinity is one head a view, the least that a fork shows. */
  readonly publishMs: number;
  /** Who holds the public head when the hidden one is first shown; `others` is all but the victims. */
  readonly publicHeldBy: 'nobody' | 'others' | 'everybody';
  /** w: share of nodes to which the log never gives the tiles of the hidden tree. */
  readonly tilesRefused: number;
  readonly tiles: Delay;
  /** Chance that one fetch of tiles fails; it is repeated after `tilesRetryMs`. */
  readonly tilesFailure: number;
  readonly tilesRetryMs: number;
  /** A head that nothing links for so long is a suspicion. */
  readonly suspicionMs: number;

  /** One way between two nodes. */
  readonly hop: Delay;
  readonly loss: number;
  /** Open links to which a head is passed on at once (reserved ones always get it); 0 turns eager relay off. */
  readonly mesh: number;
  /** Anti-entropy with one random peer this often; Infinity turns the timer off. */
  readonly syncMs: number;
  /** What `tally-witness` does is `jittered` (± a third) and `both`; the others are there for the theory. */
  readonly syncClock: 'jittered' | 'poisson' | 'rounds';
  readonly syncWay: 'both' | 'push';
  /** HTTP pull of `pullWitnesses` directory members this often, at a random phase; Infinity turns it off. */
  readonly pullMs: number;
  readonly pullWitnesses: number;
  /** Chance that the adversary stops one pull. */
  readonly pullBlocked: number;

  /** Churn: exponential times up and down; downMs 0 is none. A node comes back with what it held. */
  readonly upMs: number;
  readonly downMs: number;
  /** Share of operators that are down, with all their nodes, from the fork on; each for `outageMs` in the mean. */
  readonly operatorsDown: number;
  readonly outageMs: number;
  /** An open link lasts so long in the mean, then another address is dialled. */
  readonly linkLifeMs: number;
  /** How long the network lived, and Sybils came, before the log forked: a late fork. */
  readonly warmupMs: number;

  readonly horizonMs: number;
  /** The share of honest nodes for which `mostMs` waits. */
  readonly mostShare: number;
  /** Runs on when all is known: for counting messages. */
  readonly wholeHorizon: boolean;
  /** All nodes on one machine: each message waits for one of its processors. */
  readonly machine?: Machine | undefined;
}

export interface Machine {
  readonly processors: number;
  /** To decode, verify, store and pass on a message that is new. */
  readonly freshMs: number;
  /** To drop one that is known. */
  readonly duplicateMs: number;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** The world of the tables, where they do not say otherwise: links and periods as `tally-witness` has them, but no reserved links and no pull. */
export const DEFAULTS: Parameters = {
  nodes: 200,
  nodesPerOperator: 4,
  directoryShare: 0.2,
  openLinks: 8,
  reservedLinks: 0,
  reservedSpread: true,
  adversaryShare: 0,
  dishonestDirectory: 0.1,
  sybilsPerHour: 0,
  victims: 1,
  eclipsedShare: 0,
  inboundTaken: false,
  sizes: 'same',
  look: 'poll',
  lookMs: 10 * SECOND,
  publishMs: Infinity,
  publicHeldBy: 'nobody',
  tilesRefused: 0,
  tiles: { kind: 'lognormal', medianMs: 300, sigma: 1 },
  tilesFailure: 0.05,
  tilesRetryMs: 30 * SECOND,
  suspicionMs: 10 * MINUTE,
  hop: { kind: 'lognormal', medianMs: 50, sigma: 0.6 },
  loss: 0.01,
  mesh: 6,
  syncMs: 30 * SECOND,
  syncClock: 'jittered',
  syncWay: 'both',
  pullMs: Infinity,
  pullWitnesses: 2,
  pullBlocked: 0,
  upMs: 8 * HOUR,
  downMs: 0,
  operatorsDown: 0,
  outageMs: Infinity,
  linkLifeMs: Infinity,
  warmupMs: 0,
  horizonMs: HOUR,
  mostShare: 0.99,
  wholeHorizon: false,
};
