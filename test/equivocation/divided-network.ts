import type { P2pTuning } from '#libs/p2p';
import { freePorts } from '../free-ports.js';
import { Cable } from './cable.js';
import { SplitLog } from './split-log.js';
import { until, type WitnessNode } from './witnesses.js';
import { WitnessNetwork, addressOf, type Links } from './witness-network.js';

/** How five nodes are linked on each side: three or four links each. */
const SIDE: Links = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 4],
  [4, 0],
  [0, 2],
  [1, 3],
  [2, 4],
];
/** Nodes 0 to 4 are the left side, 5 to 9 the right one. */
const WITHIN: Links = [0, 5].flatMap((first) => SIDE.map(([from, to]) => [first + from, first + to] as const));
/** Who holds an end of the cable that is plugged in again, and of the other one: the left one dials. */
const LINK = [1, 6] as const;
const ACROSS: Links = [LINK, [3, 8]];

/** What both sides are shown while they are apart. */
export interface Contradictions {
  /** Another tree of the same size on each side. */
  readonly same: SplitLog;
  /** The left side sees the larger tree, with its tiles. */
  readonly different: SplitLog;
}

export interface DividedOptions {
  /** Part of the origins of its logs. */
  readonly label: string;
  /** How often there is something to show; default: once. */
  readonly rounds?: number;
  /** Logs for what comes after the link is back; default: one. */
  readonly later?: number;
  readonly tuning?: Partial<P2pTuning>;
}

/** Ten witnesses, and two cables between two sides: plugged in, and pulled again. */
export class DividedNetwork {
  private constructor(
    private readonly network: WitnessNetwork,
    private readonly cables: readonly Cable[],
    readonly rounds: readonly Contradictions[],
    readonly later: readonly SplitLog[],
  ) {}

  static async start({ label, rounds = 1, later = 1, tuning = {} }: DividedOptions): Promise<DividedNetwork> {
    const log = (name: string, i: number): Promise<SplitLog> => SplitLog.start(`${name}-${label}-${i}.example`, 4);
    const contradictions = await Promise.all(
      Array.from({ length: rounds }, async (_, i) => ({
        same: await log('same', i),
        different: await log('different', i),
      })),
    );
    const afterwards = await Promise.all(Array.from({ length: later }, (_, i) => log('later', i)));
    const [first, blind] = [await freePorts(ACROSS.length), await freePorts(1)];
    const cables: Cable[] = [];
    const network = await WitnessNetwork.start({
      logs: [],
      links: WITHIN,
      each: (i, places) => {
        const end = ACROSS.findIndex((link) => link.includes(i));
        const [, far = 0] = ACROSS[end] ?? [];
        const cable = end < 0 ? undefined : (cables[end] ??= new Cable(first + end, places[far]?.p2pPort ?? 0));
        const dials = cable !== undefined && i < 5;
        // Without a place where they can be called there is no way around the cable.
        const announce = cable && [dials ? `/ip4/127.0.0.1/tcp/${blind}` : cable.address];
        const within = WITHIN.filter(([from]) => from === i).map(([, to]) => addressOf(places, to));
        return {
          logs: [
            ...[...contradictions.map(({ same }) => same), ...afterwards].map(({ key }) => ({ ...key })),
            ...contradictions.map(({ different }) => different.seenAt(i < 5 ? 'b' : 'a')),
          ],
          peers: [...within, ...(dials ? [cable.address] : [])],
          ...(announce && { announce }),
          tuning: { redialMaxMs: 250, ...tuning },
        };
      },
    });
    const divided = new DividedNetwork(network, cables, contradictions, afterwards);
    for (const cable of cables) await cable.plug();
    await network.linked([...WITHIN, ...ACROSS]);
    await divided.unplug();
    return divided;
  }

  get nodes(): readonly WitnessNode[] {
    return this.network.nodes;
  }

  get left(): readonly WitnessNode[] {
    return this.nodes.slice(0, 5);
  }

  get right(): readonly WitnessNode[] {
    return this.nodes.slice(5);
  }

  /** One single link between the sides; the far ends have to notice. */
  async plug(): Promise<void> {
    await this.cables[0]?.plug();
  }

  /** The sides have one link, and their ends know each other. */
  async linked(): Promise<void> {
    await this.network.linked([...WITHIN, LINK]);
  }

  async unplug(): Promise<void> {
    for (const cable of this.cables) await cable.unplug();
    await until('they are divided', async () => {
      const peers = await Promise.all(this.nodes.map(async (node) => (await node.status()).peers.length));
      return peers.reduce((sum, count) => sum + count, 0) === 2 * WITHIN.length;
    });
  }

  async showEachSideItsOwn({ same, different }: Contradictions): Promise<void> {
    await Promise.all([
      same.showAll(this.left, 'a', 9),
      same.showAll(this.right, 'b', 9),
      different.showAll(this.left, 'b', 17),
      different.showAll(this.right, 'a', 11),
    ]);
  }

  /** How many nodes hold evidence against this log. */
  async holders(log: SplitLog): Promise<number> {
    const lists = await Promise.all(this.nodes.map((node) => node.evidence()));
    return lists.filter((list) => list.some(({ origin }) => origin === log.origin)).length;
  }

  async stop(): Promise<void> {
    for (const cable of this.cables) await cable.unplug();
    await this.network.stop();
    await Promise.all(
      [...this.rounds.flatMap(({ same, different }) => [same, different]), ...this.later].map((log) => log.close()),
    );
  }
}
