import { MINUTE, SECOND } from '../parameters.js';
import { simulate } from '../simulate.js';
import { detection, DETECTION_HEAD, probability, round, times, type Effort, type Table } from '../table.js';
import { isolated } from '../theory.js';

const SHARES = [0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95];

export function openLinks(effort: Effort): Table {
  const runs = effort.of(200);
  const seed = 1_000_000;
  const rows = SHARES.map((f) => {
    const world = { nodes: 100, adversaryShare: f };
    const taken = [4, 8, 16].flatMap((k) => {
      const { undetected } = simulate({ ...world, openLinks: k, inboundTaken: true }, { runs, seed });
      return [probability(undetected), round(isolated(f, k, 0, 0))];
    });
    return [String(f), ...taken, probability(simulate(world, { runs, seed }).undetected)];
  });
  return {
    question: 'How often does a fork go unseen for an hour, with open links only?',
    world: `One victim of 100 honest nodes, no reserved links, no pull; f is the share of addresses that are the adversary's. First the victim's inbound slots are taken, so that the k links it dials are all it has, and theory says f^k; last they are free. ${runs} runs, seed ${seed}.`,
    head: ['f', 'k = 4', 'f^4', 'k = 8', 'f^8', 'k = 16', 'f^16', 'k = 8, inbound free'],
    rows,
    reading: 'More open links only move the cliff; free inbound slots help, and cannot be relied on.',
  };
}

export function reservedLinks(effort: Effort): Table {
  const runs = effort.of(200);
  const seed = 2_000_000;
  const rows = [0, 0.5, 0.8, 0.9, 0.95].flatMap((f) =>
    [0, 1, 2, 4].map((r) => {
      const summary = simulate({ nodes: 100, adversaryShare: f, inboundTaken: true, reservedLinks: r }, { runs, seed });
      return [String(f), String(r), round(isolated(f, 8, 0.1, r)), ...detection(summary)];
    }),
  );
  return {
    question: 'What do reserved links to directory peers change?',
    world: `One victim of 100 honest nodes, its inbound slots taken, k = 8; a tenth of the directory is dishonest (d = 0.1), theory f^k · d^r. ${runs} runs, seed ${seed}.`,
    head: ['f', 'r', 'theory', ...DETECTION_HEAD],
    rows,
    reading:
      'Two reserved links undo what the adversary gains by owning nearly all addresses, and they hold the honest nodes together: with none, not all learn of a fork that one of them has seen.',
  };
}

export function eclipse(effort: Effort): Table {
  const runs = effort.of(40);
  const seed = 3_000_000;
  const rows = [0.005, 0.1, 0.25, 0.5, 0.75, 0.95].flatMap((e) =>
    [0, 1, 2, 4].map((r) => {
      const world = { eclipsedShare: e, reservedLinks: r };
      // Seen at once or never: where it can be seen at all, many runs are cheap.
      const one = simulate(world, { runs: r === 0 ? runs : 5 * runs, seed });
      const all = simulate({ ...world, victims: Math.round(200 * e) }, { runs, seed });
      return [`${100 * e} %`, String(r), probability(one.undetected), ...detection(all)];
    }),
  );
  return {
    question: 'What if a share e of the nodes is eclipsed: all their open links, both ways, are the adversary’s?',
    world: `200 honest nodes, k = 8 of no use to the eclipsed, d = 0.1, no pull. “One victim”: the log shows the hidden view to a single eclipsed node, and theory is d^r; the other columns: to all that are eclipsed. ${runs} runs (one victim, r > 0: ${5 * runs}), seed ${seed}.`,
    head: ['e', 'r', 'one victim: unseen', ...DETECTION_HEAD],
    rows,
    reading:
      'Without reserved links an eclipsed victim sees nothing, whoever else is eclipsed. The best attack is on one node: each further victim has reserved links too.',
  };
}

export function pull(effort: Effort): Table {
  const runs = effort.of(300);
  const seed = 4_000_000;
  const rows = [1, 2].flatMap((witnesses) =>
    [0.1, 0.5, 0.8, 0.95].map((blocked) => {
      const world = { nodes: 50, eclipsedShare: 0.02, dishonestDirectory: 0, pullMs: 10 * MINUTE } as const;
      const summary = simulate({ ...world, pullWitnesses: witnesses, pullBlocked: blocked }, { runs, seed });
      const theory = round(blocked ** (6 * witnesses));
      return [String(witnesses), String(blocked), theory, probability(summary.undetected), times(summary.first)];
    }),
  );
  return {
    question: 'And if gossip is cut off wholly: what does the HTTP pull of witnesses every 10 minutes find?',
    world: `One victim of 50 honest nodes, eclipsed, no reserved links, so that the pull is its only channel; b is the chance that one answer is stopped, six pulls an hour, theory b^(6 · witnesses). ${runs} runs, seed ${seed}.`,
    head: ['witnesses', 'b', 'theory', 'unseen after 1 h', 'first node p50 / p95 / p99'],
    rows,
    reading: 'The pull bounds detection at its period, and is independent of who owns the gossip network.',
  };
}

export function defaultNode(effort: Effort): Table {
  const runs = effort.of(100);
  const seed = 5_000_000;
  const rows = SHARES.map((f) => {
    const world = { adversaryShare: f, inboundTaken: true, reservedLinks: 4, pullMs: 10 * MINUTE, lookMs: 10 * SECOND };
    const summary = simulate(world, { runs, seed });
    return [String(f), ...detection(summary)];
  });
  return {
    question: 'What does a node with the defaults see: k = 8, r = 4, sync 30 s, pull 10 min?',
    world: `One victim of 200 honest nodes, its inbound slots taken, d = 0.1. ${runs} runs, seed ${seed}.`,
    head: ['f', ...DETECTION_HEAD],
    rows,
    reading: 'The time is the victim’s next look at the log (0 to 10 s) and one to three hops.',
  };
}
