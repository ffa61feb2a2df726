import { HOUR, MINUTE, SECOND, type Parameters } from '../parameters.js';
import { simulate } from '../simulate.js';
import { probability, round, time, type Effort, type Table } from '../table.js';

export function messages(effort: Effort): Table {
  const runs = effort.of(2);
  const seed = 12_000_000;
  const worlds: readonly Partial<Parameters>[] = [
    {},
    { nodes: 50 },
    { nodes: 1000 },
    { openLinks: 4 },
    { openLinks: 16 },
    { mesh: 0 },
    { syncMs: 10 * SECOND },
    { syncMs: 5 * MINUTE },
    { adversaryShare: 0.8 },
    { look: 'push', lookMs: MINUTE },
  ];
  const rows = worlds.map((world) => {
    const p = { nodes: 200, openLinks: 8, mesh: 6, syncMs: 30 * SECOND, adversaryShare: 0, ...world };
    const all = { victims: 0, reservedLinks: 4, pullMs: 10 * MINUTE, publishMs: MINUTE, wholeHorizon: true, ...p };
    const { relay, sync, pull, tiles } = simulate(all, { runs, seed }).messages;
    const columns = [relay, relay / 60, sync, pull, tiles].map((count) => count.toFixed(relay > 60 ? 0 : 1));
    columns[1] = (relay / 60).toFixed(1);
    const look = world.look === 'push' ? 'push' : 'poll';
    return [
      String(p.nodes),
      String(p.openLinks),
      String(p.mesh),
      time(p.syncMs),
      String(p.adversaryShare),
      look,
      ...columns,
    ];
  });
  return {
    question: 'What does it cost: messages that a node sends in an hour?',
    world: `An honest hour of one log with a new head every minute; r = 4, pull every 10 min. Relay grows with the heads, sync with what relay left over. ${runs} runs, seed ${seed}.`,
    head: ['nodes', 'k', 'mesh', 'sync every', 'f', 'heads', 'relay', 'relay per head', 'sync', 'pull', 'tile fetches'],
    rows,
  };
}

export function falseAlarms(effort: Effort): Table {
  const runs = effort.of(4);
  const seed = 13_000_000;
  const worlds: readonly [string, Partial<Parameters>][] = [
    ['nothing fails', {}],
    ['a fifth of messages is lost, half of fetches fails', { loss: 0.2, tilesFailure: 0.5 }],
    ['the log gives nobody a tile', { tilesFailure: 1 }],
    ['up 30 min, down 10 min', { upMs: 30 * MINUTE, downMs: 10 * MINUTE }],
    ['half of the operators down for 20 min', { operatorsDown: 0.5, outageMs: 20 * MINUTE }],
    ['f = 0.9', { adversaryShare: 0.9, dishonestDirectory: 0.5 }],
    [
      'all of it',
      {
        loss: 0.2,
        tilesFailure: 0.5,
        upMs: HOUR / 2,
        downMs: HOUR / 6,
        operatorsDown: 0.5,
        outageMs: HOUR / 3,
        adversaryShare: 0.9,
        dishonestDirectory: 0.5,
      },
    ],
  ];
  let alarms = 0;
  const rows = worlds.map(([name, world]) => {
    const honest: Partial<Parameters> = {
      nodes: 100,
      victims: 0,
      reservedLinks: 2,
      pullMs: 10 * MINUTE,
      publishMs: 20 * SECOND,
      wholeHorizon: true,
    };
    const summary = simulate({ ...honest, ...world }, { runs, seed });
    alarms += summary.falseAlarms;
    const { value, low, high } = summary.unsuspected;
    const suspected = { value: 1 - value, low: 1 - high, high: 1 - low };
    return [name, round(runs * 100 * 180), String(summary.falseAlarms), probability(suspected)];
  });
  return {
    question: 'Does an honest log ever look guilty?',
    world: `100 honest nodes, a new head every 20 s for an hour, 180 sizes in flight. An alarm is evidence at any node; a suspicion (a head that nothing linked for 10 min) is none. The rule of the nodes sees sizes, roots and what tiles give, never who is honest. ${runs} runs, seed ${seed}.`,
    head: ['world', 'heads × nodes', 'false alarms', 'hours with a suspicion'],
    rows,
    reading: 'Only a log that gives nobody its tiles is suspected, and not even that one is accused.',
    ...(alarms > 0 && { failure: `${alarms} nodes accuse an honest log; it should be none` }),
  };
}
