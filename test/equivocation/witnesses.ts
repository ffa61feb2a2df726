import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { addCheckpoint, type AddCheckpointAnswer } from '#libs/client';
import { verifyEvidence, type ProvenEvidence } from '#libs/evidence';
import type { EvidenceList, PullTuning } from '#libs/gossip';
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from '#libs/note';
import type { P2pTuning } from '#libs/p2p';
import { createLogger, startService, type RunningService } from '#libs/server';
import type { WitnessStatus } from '../../apps/witness/src/status/status.js';
import { witnessService, type WitnessConfig } from '../../apps/witness/src/witness.module.js';

/** Many nodes on one address, and nobody has minutes to wait. */
export const LOOPBACK_TUNING: Partial<P2pTuning> = {
  colocationWeight: 0,
  inboundPerSecond: 1_000_000,
  maxPerIp: 1_000,
  maxPendingInbound: 1_000,
  openInbound: 64,
  maxConnections: 128,
  supervisorMs: 500,
  redialMinMs: 100,
  redialMaxMs: 1_000,
  syncIntervalMs: 1_000,
  syncJitterMs: 300,
  syncPerPeerPerMinute: 1_000,
  syncPerMinute: 10_000,
  // A machine that stands still for seconds makes nobody fail.
  syncTimeoutMs: 30_000,
  requestTimeoutMs: 60_000,
};

/** libp2p leaves timers behind, of a second at the most; a test worker that ends before them is called a leak. */
const LEFTOVERS_MS = 1_100;

export interface WitnessOptions {
  readonly name: string;
  readonly logs: WitnessConfig['logs'];
  readonly peers?: readonly string[];
  readonly witnesses?: WitnessConfig['witnesses'];
  readonly tuning?: Partial<P2pTuning>;
  readonly pull?: PullTuning;
  /** Does not listen: it only calls. */
  readonly behindNat?: boolean;
  /** Where others are told to call it. */
  readonly announce?: readonly string[];
  readonly mirrors?: readonly string[];
  /** Ports of HTTP and of libp2p; default: any. */
  readonly port?: number;
  readonly p2pPort?: number;
  /** Keeps its data, and its key; default: a new folder. */
  readonly folder?: string;
}

interface Line extends Record<string, unknown> {
  /** When it was written, by `performance.now()`. */
  readonly at: number;
  readonly msg: string;
}

/** A real witness node with gossip: its own folder, keys, store, HTTP port and libp2p port. */
export class WitnessNode {
  private constructor(
    readonly options: WitnessOptions,
    readonly folder: string,
    private readonly service: RunningService,
    /** What it has written to its log. */
    readonly lines: readonly Line[],
    readonly key: VerifierKey,
    /** Where peers call it. */
    readonly address: string,
    readonly peerId: string,
  ) {}

  static async start(options: WitnessOptions): Promise<WitnessNode> {
    const { name, logs, peers = [], witnesses = [], tuning = {}, pull, behindNat = false, mirrors = [] } = options;
    const { announce, port = 0, p2pPort = 0 } = options;
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'tally-node-')));
    const lines: Line[] = [];
    const write = (line: string): void =>
      void lines.push({ ...(JSON.parse(line) as Omit<Line, 'at'>), at: performance.now() } as Line);
    const config: WitnessConfig = {
      profile: 'development',
      host: '127.0.0.1',
      port,
      name,
      keyFile: keyFileIn(folder),
      makeKeys: true,
      dataDirectory: folder,
      logs,
      mirrors,
      peers,
      witnesses,
      p2p: behindNat ? [] : [loopback(p2pPort)],
      ...(announce && { announce }),
      tuning: { p2p: { ...LOOPBACK_TUNING, ...tuning }, ...(pull && { pull }) },
    };
    const service = await startService(witnessService(config), createLogger(name, { write }));
    const { keys, network } = (await (await fetch(`${service.url}/status`)).json()) as WitnessStatus;
    const key = parseVerifierKey(keys[0]?.verifierKey ?? '');
    const address = network?.addresses[0] ?? '';
    return new WitnessNode(options, folder, service, lines, key, address, network?.peerId ?? '');
  }

  /** The same witness after a stop: same folder, same ports. */
  startAgain(changes: Partial<WitnessOptions> = {}): Promise<WitnessNode> {
    const p2pPort = Number(/\/tcp\/(\d+)/.exec(this.address)?.[1] ?? 0);
    return WitnessNode.start({ p2pPort, port: this.service.port, ...this.options, ...changes, folder: this.folder });
  }

  get url(): string {
    return this.service.url;
  }

  /** As a log asks it: with the size that it names if it knows another one. */
  async submit(
    note: Uint8Array,
    prove: (oldSize: bigint) => Promise<readonly Uint8Array[]>,
    assumedSize = 0n,
  ): Promise<AddCheckpointAnswer> {
    const proof = assumedSize === 0n ? [] : await prove(assumedSize);
    const first = await addCheckpoint(this.url, { oldSize: assumedSize, proof, checkpoint: note });
    if (first.kind !== 'conflict') return first;
    const { size } = first;
    return addCheckpoint(this.url, { oldSize: size, proof: await prove(size), checkpoint: note });
  }

  async status(): Promise<WitnessStatus> {
    return (await (await fetch(`${this.url}/status`)).json()) as WitnessStatus;
  }

  /** The value of one metric, with its labels if it has any: those that did not happen yet are not there, and are 0. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`${name} `));
    if (line === undefined && name.includes('{')) return 0;
    if (line === undefined) throw new Error(`there is no metric ${name}`);
    return Number(line.slice(name.length));
  }

  async evidence(): Promise<EvidenceList['evidence']> {
    return ((await (await fetch(`${this.url}/evidence`)).json()) as EvidenceList).evidence;
  }

  async evidenceFile(path: string): Promise<Uint8Array> {
    return new Uint8Array(await (await fetch(`${this.url}${path}`)).arrayBuffer());
  }

  /** Fetches what it holds against the key, as anybody would, and verifies it. @throws Error, EvidenceError */
  async provenAgainst(key: VerifierKey): Promise<ProvenEvidence> {
    const accused = formatVerifierKey(key);
    const entry = (await this.evidence()).find((one) => one.accused === accused);
    if (entry === undefined) throw new Error(`${this.options.name} has no evidence against ${accused}`);
    const proven = verifyEvidence(await this.evidenceFile(entry.path));
    if (formatVerifierKey(proven.accused) !== accused)
      throw new Error(`the evidence accuses ${proven.accused.name}, and not ${accused}`);
    return proven;
  }

  /** When it froze a key of this origin, by `performance.now()`: what it found, or what arrived, was durable then. */
  frozenAt(key: VerifierKey): number | undefined {
    return this.lines.find(({ msg, accused }) => msg.includes('it is frozen') && accused === key.name)?.at;
  }

  stop(): Promise<void> {
    return this.service.close();
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export function keyFileIn(folder: string): string {
  return join(folder, 'witness.key');
}

export function loopback(port: number): string {
  return `/ip4/127.0.0.1/tcp/${port}`;
}

/** What was started is ended the other way round. To be called once, when all tests of a file are done. */
export class Closers {
  readonly #closers: (() => Promise<unknown>)[] = [];

  add(...closers: (() => Promise<unknown>)[]): void {
    this.#closers.push(...closers);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    await delay(LEFTOVERS_MS);
  }
}

/** A machine that others use may stand still for seconds, again and again. */
const PATIENCE_MS = 120_000;

/** Milliseconds until the condition holds. @throws Error when it does not in time */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  timeoutMs: number = PATIENCE_MS,
): Promise<number> {
  const began = performance.now();
  while (!(await condition())) {
    if (performance.now() - began > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await delay(5);
  }
  return performance.now() - began;
}

/** Milliseconds from `since` until the last of the nodes froze the key; each shows what it holds, and that verifies. */
export async function allHold(
  nodes: readonly WitnessNode[],
  key: VerifierKey,
  since: number,
  timeoutMs?: number,
): Promise<number> {
  const lacking = (): WitnessNode[] => nodes.filter((node) => node.frozenAt(key) === undefined);
  await until(`evidence against ${key.name}`, () => lacking().length === 0, timeoutMs).catch((cause: unknown) => {
    const names = lacking().map(({ options }) => options.name);
    throw new Error(`of ${nodes.length} nodes these hold no evidence against ${key.name}: ${names.join(', ')}`, {
      cause,
    });
  });
  for (const node of nodes) await node.provenAgainst(key);
  return Math.max(...nodes.map((node) => (node.frozenAt(key) ?? Infinity) - since));
}
