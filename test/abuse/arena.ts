import { setTimeout as delay } from 'node:timers/promises';
import type { VerifierKey } from '#libs/note';
import { formatVerifierKey } from '#libs/note';
import { WitnessNode, until } from '../equivocation/witnesses.js';
import { SignedLog } from '../signed-log.js';
import { HonestLog, Pump } from './honest-log.js';
import { Victim } from './victim.js';

const PUMP_MS = 100;
const FORKS = 48;
/** As in production: what gossip loses, anti-entropy brings half a minute later. */
const PRODUCTION_PACE = { syncIntervalMs: 30_000, syncJitterMs: 10_000 };
/** Checkpoints that the log has signed before, for whoever wants to replay them. */
export const HISTORY = 2_500;

export interface Figures {
  readonly attack: string;
  readonly seconds: number;
  /** Honest checkpoints that were cosigned meanwhile: how many, and in how many milliseconds. */
  readonly cosigned: number;
  readonly failed: number;
  readonly medianMs: number;
  readonly worstMs: number;
  /** Resident memory in MiB: before, the most, and after a collection. */
  readonly before: number;
  readonly peak: number;
  readonly after: number;
  /** The heap after a collection: before the attack, and after it. */
  readonly heapBefore: number;
  readonly heapAfter: number;
  /** Of one core. */
  readonly cpu: number;
  /** Until a fork that others were shown was proven here. */
  readonly forkMs: number;
  readonly honestPeers: number;
  /** What the attack itself has to tell, such as milliseconds until the flooder was cut off. */
  readonly note: string;
}

/** A victim with two honest peers, which know nothing of each other, a log that is honest and one that lies for each attack. */
export class Arena {
  readonly figures: Figures[] = [];
  #forks = 0;

  private constructor(
    readonly log: HonestLog,
    readonly liars: readonly SignedLog[],
    readonly peers: readonly WitnessNode[],
    readonly victim: Victim,
    readonly pump: Pump,
  ) {}

  static async start(more: readonly HonestLog[] = []): Promise<Arena> {
    const log = await HonestLog.start('log.example');
    await log.grow(HISTORY);
    const liars = Array.from({ length: FORKS }, (_, i) => new SignedLog(`liar-${i}.example`));
    const all = [log, ...more];
    const logs = [
      ...all.map(({ signer, url }) => ({ key: signer.key, ...(url !== undefined && { url }) })),
      ...liars.map(({ signer }) => ({ key: signer.key })),
    ];
    const configured = logs.map(({ key, ...rest }) => ({ ...key, ...rest }));
    const peers = [
      await WitnessNode.start({ name: 'peer-1.example', logs: configured, tuning: PRODUCTION_PACE }),
      await WitnessNode.start({ name: 'peer-2.example', logs: configured, tuning: PRODUCTION_PACE }),
    ];
    const victim = await Victim.start({
      logs,
      peers: peers.map(({ address }) => address),
      // One of them is bound by a note, the other is only an address.
      witnesses: peers.slice(0, 1).map(({ options: { name }, key }) => ({ name, key })),
    });
    const arena = new Arena(log, liars, peers, victim, new Pump(log, victim.url, PUMP_MS));
    await until('the honest peers are connected', async () => (await arena.honestPeers()).length === 2);
    return arena;
  }

  /** Since when each of the honest peers has been connected. */
  async honestPeers(): Promise<string[]> {
    const ids = new Set(this.peers.map(({ peerId }) => peerId));
    const { peers } = await this.victim.status();
    return peers.filter(({ id }) => ids.has(id)).map(({ id, since }) => `${id} ${since}`);
  }

  /** Runs an attack, and measures what it does to everybody else. `note` is what the attack returns. */
  async measure(attack: string, run: () => Promise<string>): Promise<Figures> {
    const { victim, pump } = this;
    const { rss: before, heap: heapBefore } = await victim.collect();
    const connected = await this.honestPeers();
    await victim.resetPeak();
    const start = await victim.usage();
    pump.take();
    const began = performance.now();
    const [note, forkMs] = await Promise.all([run(), delay(100).then(() => this.fork())]);
    // Some attacks are over before the next checkpoint.
    await until('a checkpoint is cosigned', () => pump.count > 0);
    const seconds = (performance.now() - began) / 1000;
    const { count, failures, median, worst } = pump.take();
    const end = await victim.usage();
    const { rss: after, heap: heapAfter } = await victim.collect();
    const still = (await this.honestPeers()).filter((peer) => connected.includes(peer));
    const figures: Figures = {
      attack,
      seconds,
      cosigned: count,
      failed: failures,
      medianMs: median,
      worstMs: worst,
      before,
      peak: end.peak,
      after,
      heapBefore,
      heapAfter,
      cpu: (end.cpuSeconds - start.cpuSeconds) / seconds,
      forkMs,
      honestPeers: still.length,
      note,
    };
    this.figures.push(figures);
    return figures;
  }

  /** Each honest peer is shown another history of one log; only the victim hears of both. Milliseconds until it has proof. */
  async fork(): Promise<number> {
    const liar = this.liars[this.#forks++];
    if (liar === undefined) throw new Error('no liar is left');
    const branch = liar.forkAt(3);
    const empty = async (): Promise<Uint8Array[]> => [];
    const notes = [await liar.note(liar.head(9)), await branch.note(branch.head(9))];
    const began = performance.now();
    await Promise.all(this.peers.map((peer, i) => peer.submit(notes[i] ?? new Uint8Array(), empty)));
    await until(`${liar.origin} is convicted by the victim`, async () =>
      (await this.victim.evidence()).some(({ accused }) => accused === formatVerifierKey(liar.signer.key)),
    );
    return performance.now() - began;
  }

  /** A log that lies, for an attack's own use. */
  takeLiar(): { liar: SignedLog; key: VerifierKey } {
    const liar = this.liars[this.liars.length - 1 - this.#taken++];
    if (liar === undefined) throw new Error('no liar is left');
    return { liar, key: liar.signer.key };
  }

  #taken = 0;

  /** One more log that has its checkpoints cosigned, as fast as the first. */
  addPump(log: HonestLog): Pump {
    const pump = new Pump(log, this.victim.url, PUMP_MS);
    this.#pumps.push(pump);
    return pump;
  }

  readonly #pumps: Pump[] = [];

  /** How often something happened while `run` ran, by a counter of the victim. */
  async counted(metric: string, run: () => Promise<string>): Promise<string> {
    const before = (await this.victim.metric(metric)) || 0;
    const note = await run();
    return `${note}; ${metric} +${(await this.victim.metric(metric)) - before}`;
  }

  async stop(): Promise<void> {
    for (const pump of [this.pump, ...this.#pumps]) await pump.stop();
    await this.victim.stop();
    for (const peer of this.peers) {
      await peer.stop();
      await peer.remove();
    }
    await this.log.close();
    // libp2p leaves timers of a second behind.
    await delay(1_100);
  }
}

export function table(rows: readonly Figures[]): string {
  const n = (value: number, digits = 0): string => value.toFixed(digits);
  const lines = rows.map((row) => [
    row.attack,
    n(row.seconds, 1),
    `${row.cosigned}${row.failed > 0 ? ` (${row.failed} failed)` : ''}`,
    `${n(row.medianMs, 1)} / ${n(row.worstMs)}`,
    `${n(row.before)} / ${n(row.peak)} / ${n(row.after)}`,
    `${n(row.heapBefore)} / ${n(row.heapAfter)}`,
    n(row.cpu * 100),
    n(row.forkMs),
    String(row.honestPeers),
    row.note,
  ]);
  const head = [
    'attack',
    's',
    'cosigned',
    'ms median / worst',
    'RSS MiB before / peak / after',
    'heap before / after',
    'CPU %',
    'fork ms',
    'honest',
    'what became of it',
  ];
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
