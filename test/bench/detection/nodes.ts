import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { formatVerifierKey, parseVerifierKey } from '#libs/note';
import { WitnessNode, until } from '../../equivocation/witnesses.js';
import { SignedLog } from '../../signed-log.js';
import { Random } from '../../sim/random.js';
import { clockMs } from './clock.js';
import { GOSSIP_ONLY } from './quiet-node.js';
import { WorkerProcess } from './worker-process.js';

/** Nodes that share a process, and so its one thread. So many that all of them start in a minute on two processors. */
const perProcess = (count: number): number => Math.ceil(count / 10);
const SIZE = 9;
const FORK_AT = 5;
/** Of each node. */
const PINGS = 3;
/** Three heartbeats: the meshes have grown. */
const SETTLE_MS = 3_000;

/** Witnesses on this machine: one whole, which is the victim of each fork, and others that only gossip. */
export class Nodes {
  readonly #random: Random;

  private constructor(
    private readonly folder: string,
    private readonly workers: readonly WorkerProcess[],
    private readonly victim: WitnessNode,
    /** One way between two nodes at rest, one sample a ping. */
    readonly hopMs: readonly number[],
    seed: number,
  ) {
    this.#random = new Random(seed);
  }

  /** `count` in all; each dials `links` of those that were there before. */
  static async start(count: number, links: number, logs: readonly SignedLog[]): Promise<Nodes> {
    const folder = await mkdtemp(join(tmpdir(), 'tally-bench-detection-'));
    const random = new Random(count);
    const keys = logs.map(({ signer }) => formatVerifierKey(signer.key));
    const sizes: number[] = [];
    const most = perProcess(count);
    for (let left = count - 1; left > 0; left -= most) sizes.push(Math.min(most, left));
    const workers = sizes.map(() => WorkerProcess.start());
    const started = await Promise.all(
      workers.map((worker, i) => worker.tell({ do: 'start', name: `p${i}`, folder, count: sizes[i] ?? 0, keys })),
    );
    const places = started.flatMap(({ nodes = [] }, worker) => nodes.map((node, i) => ({ ...node, worker, node: i })));
    const before = (i: number): string[] =>
      random
        .shuffle(places.slice(0, i).map((_, at) => at))
        .slice(0, links)
        .flatMap((at) => places[at]?.address ?? []);
    const dialled = places.map((_, i) => before(i));
    for (const [i, worker] of workers.entries()) {
      const own = places.flatMap((place, at) =>
        place.worker === i ? (dialled[at] ?? []).map((address) => ({ node: place.node, address })) : [],
      );
      await worker.tell({ do: 'link', links: own });
    }
    await delay(SETTLE_MS);
    const hopMs: number[] = [];
    for (let i = 0; i < PINGS; i++) {
      for (const worker of workers) hopMs.push(...(await worker.times({ do: 'ping' })));
    }
    const victimFolder = join(folder, 'victim');
    await mkdir(victimFolder);
    const peers = before(places.length);
    const victim = await WitnessNode.start({
      name: 'victim.example',
      folder: victimFolder,
      logs: logs.map(({ signer }) => signer.key),
      peers,
      witnesses: places.map(({ key }) => ({ name: parseVerifierKey(key).name, key: parseVerifierKey(key) })),
      tuning: GOSSIP_ONLY,
    });
    await until('the victim is linked', async () => (await victim.status()).peers.length >= peers.length);
    await delay(SETTLE_MS);
    return new Nodes(folder, workers, victim, hopMs, count);
  }

  /** From publishing an honest head until the last other node has verified it; without the victim. */
  async spreadMs(log: SignedLog): Promise<number> {
    const note = base64(await log.note(log.head(SIZE)));
    await this.#tellAll({ do: 'watch' });
    const worker = this.workers[this.#random.int(this.workers.length)];
    const [began = NaN] = (await worker?.times({ do: 'publish', node: 0, note, key: keyOf(log) })) ?? [];
    const times = await Promise.all(this.workers.map((one) => one.times({ do: 'heads' })));
    return Math.max(...times.flat()) - began;
  }

  /** All but one know of one tree; that one is asked to cosign another: until all of them hold evidence, on their disks. */
  async detectionMs(log: SignedLog): Promise<number> {
    const fork = log.forkAt(FORK_AT);
    const hidden = await fork.note(fork.head(SIZE));
    await this.#tellAll({ do: 'hold', origin: log.origin, note: base64(await log.note(log.head(SIZE))) });
    await this.#tellAll({ do: 'watch' });
    const others = this.workers.map((worker) => worker.times({ do: 'evidence' }));
    const began = clockMs();
    const answer = await this.victim.submit(hidden, async () => []);
    if (answer.kind !== 'cosigned') throw new Error(`the victim was to cosign what it saw first: ${answer.kind}`);
    const times = (await Promise.all(others)).flat();
    const { key } = log.signer;
    await until('the victim holds evidence', () => this.victim.frozenAt(key) !== undefined);
    await this.victim.provenAgainst(key);
    const victimAt = (this.victim.frozenAt(key) ?? NaN) + clockMs() - performance.now();
    return Math.max(...times, victimAt) - began;
  }

  async stop(): Promise<void> {
    await this.victim.stop();
    await Promise.all(this.workers.map((worker) => worker.stop()));
    await rm(this.folder, { recursive: true });
  }

  async #tellAll(order: Parameters<WorkerProcess['tell']>[0]): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.tell(order)));
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function keyOf({ signer }: SignedLog): string {
  return formatVerifierKey(signer.key);
}
