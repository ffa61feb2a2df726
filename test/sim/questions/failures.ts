import { HOUR, MINUTE, type Parameters } from '../parameters.js';
import { simulate } from '../simulate.js';
import { detection, DETECTION_HEAD, probability, round, times, type Effort, type Table } from '../table.js';

export function churn(effort: Effort): Table {
  const runs = effort.of(60);
  const seed = 9_000_000;
  const worlds: readonly [string, Partial<Parameters>][] = [
    ['none', {}],
    ['up 8 h, down 10 min', { upMs: 8 * HOUR, downMs: 10 * MINUTE }],
    ['up 30 min, down 10 min', { upMs: 30 * MINUTE, downMs: 10 * MINUTE }],
    ['up 10 min, down 20 min', { upMs: 10 * MINUTE, downMs: 20 * MINUTE }],
  ];
  const rows = worlds.flatMap(([name, world]) =>
    [0, 4].map((r) => [
      name,
      String(r),
      ...detection(simulate({ adversaryShare: 0.5, reservedLinks: r, ...world }, { runs, seed })),
    ]),
  );
  return {
    question: 'What does churn do?',
    world: `One victim of 200 honest nodes, f = 0.5, k = 8, d = 0.1; times up and down are exponential, a node returns with what it held and compares with its peers. The victim is up when the log forks; the 99 % count those that are down. ${runs} runs, seed ${seed}.`,
    head: ['churn', 'r', ...DETECTION_HEAD],
    rows,
    reading:
      'Nodes that are down learn when they are back: the time to 99 % is theirs. The first detection waits only if all honest peers of the victim are down.',
  };
}

export function operators(effort: Effort): Table {
  const runs = effort.of(100);
  const seed = 10_000_000;
  const rows = [0.1, 0.25, 0.5, 0.75, 0.9].map((down) => {
    const world: Partial<Parameters> = {
      nodes: 100,
      eclipsedShare: 0.01,
      reservedLinks: 4,
      dishonestDirectory: 0,
      operatorsDown: down,
      directoryShare: 0.4,
    };
    const spread = simulate(world, { runs, seed });
    const one = simulate({ ...world, reservedSpread: false }, { runs, seed });
    const pulled = simulate({ ...world, reservedSpread: false, pullMs: 10 * MINUTE }, { runs, seed });
    const columns = [round(down ** 4), probability(spread.undetected), round(down), probability(one.undetected)];
    return [String(down), ...columns, probability(pulled.undetected)];
  });
  return {
    question: 'What if operators go down with all their nodes?',
    world: `One victim of 100 honest nodes (25 operators of 4), eclipsed, r = 4 honest reserved peers; a share o of the operators is down for the hour, the victim's is not. Reserved links to different operators (theory o^4), all to one (theory o), and that with the HTTP pull. ${runs} runs, seed ${seed}.`,
    head: ['o', 'o^4', 'different operators: unseen', 'o', 'one operator: unseen', 'one operator and pull: unseen'],
    rows,
    reading: 'Four links to one operator are one link.',
  };
}

export function sybils(effort: Effort): Table {
  const runs = effort.of(100);
  const seed = 11_000_000;
  const rows = [0.5, 4].flatMap((rate) =>
    [0, 6, 24, 72].map((hours) => {
      const world: Partial<Parameters> = {
        nodes: 100,
        inboundTaken: true,
        linkLifeMs: 6 * HOUR,
        sybilsPerHour: rate,
        warmupMs: hours * HOUR,
      };
      const open = simulate(world, { runs, seed });
      const reserved = simulate({ ...world, reservedLinks: 2 }, { runs, seed });
      const pulled = simulate({ ...world, pullMs: 10 * MINUTE }, { runs, seed });
      const share = (rate * hours) / (1 + rate * hours);
      const columns = [open, reserved, pulled].map(({ undetected }) => probability(undetected));
      return [String(rate), `${hours} h`, round(share), ...columns, times(reserved.first)];
    }),
  );
  return {
    question: 'What if Sybils arrive over time and the log forks late?',
    world: `One victim of 100 honest nodes, its inbound slots taken, k = 8; an open link lasts 6 h in the mean, then another address is dialled. The adversary adds that many addresses per honest node and hour, from none on, and waits before it forks. ${runs} runs, seed ${seed}.`,
    head: [
      'Sybils',
      'fork after',
      'f by then',
      'r = 0: unseen',
      'r = 2, d = 0.1: unseen',
      'r = 0 and pull: unseen',
      'r = 2: first node p50 / p95 / p99',
    ],
    rows,
    reading: 'A patient adversary takes every open link. It takes no reserved one.',
  };
}
