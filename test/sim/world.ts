import { EventQueue } from './event-queue.js';
import { Log } from './heads.js';
import type { Messages } from './outcome.js';
import type { Parameters } from './parameters.js';
import type { Random } from './random.js';
import { Topology } from './topology.js';

/** The nodes: which are up, and what each of them holds; and the time. */
export class World {
  readonly queue = new EventQueue();
  readonly topology: Topology;
  readonly log: Log;
  /** Items: the heads by their numbers, then the evidence. */
  readonly evidence: number;
  readonly items: number;
  readonly messages: Messages = { relay: 0, sync: 0, pull: 0, tiles: 0 };
  now: number;
  /** `#holds[node * items + item]`. */
  readonly #holds: Uint8Array;
  readonly up: Uint8Array;
  readonly operatorDown: Uint8Array;

  constructor(
    readonly p: Parameters,
    readonly random: Random,
  ) {
    const { nodes } = p;
    this.now = -p.warmupMs;
    this.topology = new Topology(p, random);
    this.log = new Log(p.sizes, p.publishMs, p.horizonMs);
    this.evidence = this.log.heads.length;
    this.items = this.evidence + 1;
    this.#holds = new Uint8Array(nodes * this.items);
    // A victim is up when the log forks: one that is down is shown nothing.
    this.up = this.topology.victims.map((victim) => (!victim && random.chance(p.downMs / (p.upMs + p.downMs)) ? 0 : 1));
    this.operatorDown = new Uint8Array(this.topology.operatorOf(nodes - 1) + 1);
  }

  isUp(node: number): boolean {
    return this.up[node] === 1 && this.operatorDown[this.topology.operatorOf(node)] === 0;
  }

  holdTheSame(node: number, peer: number): boolean {
    for (let item = 0; item < this.items; item++) if (this.held(node, item) !== this.held(peer, item)) return false;
    return true;
  }

  held(node: number, item: number): boolean {
    return this.#holds[node * this.items + item] === 1;
  }

  hold(node: number, item: number): void {
    this.#holds[node * this.items + item] = 1;
  }
}
