import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { addCheckpoint, type AddCheckpointAnswer } from '#libs/client';
import type { PullTuning } from '#libs/gossip';
import { parseVerifierKey, type VerifierKey } from '#libs/note';
import type { P2pTuning } from '#libs/p2p';
import { createLogger, startService, type RunningService } from '#libs/server';
import type { EvidenceList } from '../../apps/witness/src/gossip/evidence.controller.js';
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
};

export interface WitnessOptions {
  readonly name: string;
  readonly logs: WitnessConfig['logs'];
  readonly peers?: readonly string[];
  readonly witnesses?: WitnessConfig['witnesses'];
  readonly tuning?: Partial<P2pTuning>;
  readonly pull?: PullTuning;
  /** Does not listen: it only calls. */
  readonly behindNat?: boolean;
  readonly mirrors?: readonly string[];
}

/** A real witness node with gossip: its own folder, keys, store, HTTP port and libp2p port. */
export class WitnessNode {
  readonly lines: Record<string, unknown>[] = [];

  private constructor(
    readonly options: WitnessOptions,
    readonly folder: string,
    private readonly service: RunningService,
    readonly key: VerifierKey,
    /** Where peers call it. */
    readonly address: string,
    readonly peerId: string,
  ) {}

  static async start(options: WitnessOptions, folder?: string): Promise<WitnessNode> {
    const { name, logs, peers = [], witnesses = [], tuning = {}, pull, behindNat = false, mirrors = [] } = options;
    const data = folder ?? (await mkdtemp(join(tmpdir(), 'tally-node-')));
    const lines: Record<string, unknown>[] = [];
    const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
    const config: WitnessConfig = {
      profile: 'development',
      host: '127.0.0.1',
      port: 0,
      name,
      keyFile: join(data, 'witness.key'),
      makeKeys: true,
      dataDirectory: data,
      logs,
      mirrors,
      peers,
      witnesses,
      p2p: behindNat ? [] : ['/ip4/127.0.0.1/tcp/0'],
      tuning: { p2p: { ...LOOPBACK_TUNING, ...tuning }, ...(pull && { pull }) },
    };
    const service = await startService(witnessService(config), createLogger(name, { write }));
    const status = (await (await fetch(`${service.url}/status`)).json()) as WitnessStatus;
    const key = parseVerifierKey(status.keys[0]?.verifierKey ?? '');
    const { network } = status;
    const node = new WitnessNode(options, data, service, key, network?.addresses[0] ?? '', network?.peerId ?? '');
    lines.forEach((line) => node.lines.push(line));
    lines.push = node.lines.push.bind(node.lines);
    return node;
  }

  get url(): string {
    return this.service.url;
  }

  /** As a log asks it: with the size that it names if it knows another one. */
  async submit(
    note: Uint8Array,
    prove: (oldSize: bigint) => Promise<readonly Uint8Array[]>,
  ): Promise<AddCheckpointAnswer> {
    const first = await addCheckpoint(this.url, { oldSize: 0n, proof: [], checkpoint: note });
    if (first.kind !== 'conflict') return first;
    const { size } = first;
    return addCheckpoint(this.url, { oldSize: size, proof: await prove(size), checkpoint: note });
  }

  async status(): Promise<WitnessStatus> {
    return (await (await fetch(`${this.url}/status`)).json()) as WitnessStatus;
  }

  async evidence(): Promise<EvidenceList['evidence']> {
    return ((await (await fetch(`${this.url}/evidence`)).json()) as EvidenceList).evidence;
  }

  async evidenceFile(path: string): Promise<Uint8Array> {
    return new Uint8Array(await (await fetch(`${this.url}${path}`)).arrayBuffer());
  }

  async stop(): Promise<string> {
    await this.service.close();
    return this.folder;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Milliseconds until the condition holds. @throws Error when it does not in time */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  timeoutMs: number = 20_000,
): Promise<number> {
  const began = performance.now();
  while (!(await condition())) {
    if (performance.now() - began > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await delay(5);
  }
  return performance.now() - began;
}
