import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEY_TYPE, verifierKey, type VerifierKey } from '#libs/note';
import { openKeyFile } from '#libs/signer';
import { freePorts } from '../free-ports.js';
import { Random } from '../sim/random.js';
import { WitnessNode, keyFileIn, loopback, until, type WitnessOptions } from './witnesses.js';

/** The pairs of nodes that are linked; the first one dials. */
export type Links = readonly (readonly [number, number])[];

/** Where a node will be, and whose it will be, before any is started. */
export interface Place {
  readonly name: string;
  readonly folder: string;
  readonly key: VerifierKey;
  readonly port: number;
  readonly p2pPort: number;
}

export interface NetworkOptions {
  readonly count?: number;
  readonly logs: WitnessOptions['logs'];
  readonly links?: Links;
  /** Whether the nodes know where to ask each other over HTTP. */
  readonly urls?: boolean;
  /** What is different at one of them. */
  readonly each?: (i: number, places: readonly Place[]) => Partial<WitnessOptions>;
}

/** Real witness nodes, each in the directory of all others, each linked to three or four of them. */
export class WitnessNetwork {
  private constructor(
    readonly places: readonly Place[],
    readonly links: Links,
    readonly nodes: WitnessNode[],
  ) {}

  static async start(options: NetworkOptions): Promise<WitnessNetwork> {
    const { count = 10, logs, links = randomLinks(count), urls = false, each } = options;
    const places = await choosePlaces(count);
    const starting = places.map((place, i) => {
      const { name, folder, port, p2pPort } = place;
      const others = places.filter((other) => other !== place);
      return WitnessNode.start({
        name,
        folder,
        port,
        p2pPort,
        logs,
        peers: links.filter(([from]) => from === i).map(([, to]) => addressOf(places, to)),
        witnesses: others.map((other) => ({
          name: other.name,
          key: other.key,
          ...(urls && { url: `http://127.0.0.1:${other.port}` }),
        })),
        ...each?.(i, places),
      });
    });
    const network = new WitnessNetwork(places, links, await Promise.all(starting));
    await network.linked();
    return network;
  }

  node(i: number): WitnessNode {
    const node = this.nodes[i];
    if (node === undefined) throw new RangeError(`there is no node ${i}`);
    return node;
  }

  /** Every link is there, and its ends know each other as witnesses, which they learn by anti-entropy. */
  async linked(links: Links = this.links): Promise<void> {
    for (const [i, node] of this.nodes.entries()) {
      const syncs = node.options.tuning?.sync !== false;
      const wanted = links.filter((link) => link.includes(i)).length;
      await until(`node ${i} has ${wanted} peers`, async () => {
        const { peers } = await node.status();
        return peers.filter(({ witness }) => !syncs || witness !== null).length >= wanted;
      });
    }
  }

  /** Restarts one of them, in its place. */
  async restart(i: number, meanwhile: () => Promise<unknown> = async () => undefined): Promise<WitnessNode> {
    await this.node(i).stop();
    await meanwhile();
    this.nodes[i] = await this.node(i).startAgain();
    return this.node(i);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all(this.nodes.map((node) => node.remove()));
  }
}

export function addressOf(places: readonly Place[], i: number): string {
  return loopback(places[i]?.p2pPort ?? 0);
}

async function choosePlaces(count: number): Promise<Place[]> {
  const first = await freePorts(2 * count);
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const name = `w${i}.example`;
      const folder = await mkdtemp(join(tmpdir(), 'tally-node-'));
      const { publicKey } = await openKeyFile(keyFileIn(folder), {
        role: 'witness',
        algorithm: 'ed25519',
        profile: 'development',
        create: true,
      });
      const key = verifierKey(name, KEY_TYPE.cosignature, publicKey.raw);
      return { name, folder, key, port: first + 2 * i, p2pPort: first + 2 * i + 1 };
    }),
  );
}

/** A ring in random order, and a random chord from each node: connected, three or four links each. The same each time. */
export function randomLinks(count: number, seed = 1): Links {
  const random = new Random(seed);
  const order = Array.from({ length: count }, (_, i) => ({ i, at: random.next() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ i }) => i);
  const across = (steps: number, many: number): Links =>
    order.slice(0, many).map((from, at) => [from, order[(at + Math.floor(steps)) % count] ?? from] as const);
  return [...across(1, count), ...across(count / 2, count / 2), ...across(count / 3, count / 4)];
}
