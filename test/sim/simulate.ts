import { run } from './model.js';
import type { Messages, Outcome } from './outcome.js';
import { DEFAULTS, HOUR, type Parameters } from './parameters.js';
import { estimate, mean, quantiles, type Estimate, type Quantiles } from './statistics.js';

/** What many runs of one world came to. */
export interface Summary {
  readonly runs: number;
  readonly first: Quantiles;
  readonly most: Quantiles;
  /** No honest node held evidence at the horizon. */
  readonly undetected: Estimate;
  /** Some did, but not 99 % of them. */
  readonly unspread: Estimate;
  /** Mean share of honest nodes that held it at the end. */
  readonly informed: number;
  readonly suspected: Quantiles;
  readonly unsuspected: Estimate;
  readonly falseAlarms: number;
  /** Per honest node and hour; of use with `wholeHorizon` only. */
  readonly messages: Readonly<Messages>;
}

/** How often, and from which seed: run i has seed + i. */
export interface Runs {
  readonly runs: number;
  readonly seed: number;
}

/** One world, many runs. What is not given is as in DEFAULTS. The same arguments give the same numbers. */
export function simulate(parameters: Partial<Parameters>, { runs, seed }: Runs): Summary {
  return summarize(outcomes(parameters, { runs, seed }), { ...DEFAULTS, ...parameters });
}

export function outcomes(parameters: Partial<Parameters>, { runs, seed }: Runs): Outcome[] {
  const p = { ...DEFAULTS, ...parameters };
  return Array.from({ length: runs }, (_, i) => run(p, seed + i));
}

function summarize(all: readonly Outcome[], p: Parameters): Summary {
  const runs = all.length;
  const count = (is: (outcome: Outcome) => boolean): number => all.filter(is).length;
  const sent = (of: keyof Messages): number =>
    mean(all.map(({ messages }) => messages[of])) / p.nodes / (p.horizonMs / HOUR);
  return {
    runs,
    first: quantiles(all.map(({ firstMs }) => firstMs)),
    most: quantiles(all.map(({ mostMs }) => mostMs)),
    undetected: estimate(
      count(({ firstMs }) => firstMs === Infinity),
      runs,
    ),
    unspread: estimate(
      count(({ firstMs, mostMs }) => firstMs < Infinity && mostMs === Infinity),
      runs,
    ),
    informed: mean(all.map(({ informed }) => informed)),
    suspected: quantiles(all.map(({ suspectedMs }) => suspectedMs)),
    unsuspected: estimate(
      count(({ suspectedMs }) => suspectedMs === Infinity),
      runs,
    ),
    falseAlarms: all.reduce((sum, { falseAlarms }) => sum + falseAlarms, 0),
    messages: { relay: sent('relay'), sync: sent('sync'), pull: sent('pull'), tiles: sent('tiles') },
  };
}
