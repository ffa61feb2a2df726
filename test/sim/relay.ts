import { HANDLE, NOBODY, RECEIVE } from './event-kinds.js';
import type { World } from './world.js';

/** Gossip: what a node takes in is passed on. */
export class Relay {
  /** Taken in, and waiting for a processor: a copy that comes meanwhile is a duplicate. */
  readonly #waiting: Uint8Array;
  readonly #processorFree: Float64Array;

  constructor(private readonly world: World) {
    const { p, items } = world;
    this.#waiting = new Uint8Array(p.machine ? p.nodes * items : 0);
    this.#processorFree = new Float64Array(p.machine?.processors ?? 0);
  }

  /** What comes at first hand goes to all links, as gossipsub floods what it publishes; the rest to the mesh. */
  pass(node: number, item: number, from: number): void {
    const { p, random, topology, messages } = this.world;
    if (p.mesh === 0) return;
    for (const peer of topology.reserved[node] ?? []) this.#send(node, peer, item, from);
    const open = topology.open[node] ?? [];
    const wasted = topology.wasted[node] ?? 0;
    let left = open.length + wasted;
    let places = from === NOBODY ? left : Math.min(p.mesh, left);
    messages.relay += (topology.wastedReserved[node] ?? 0) + (left === 0 ? 0 : (places * wasted) / left);
    // The adversary's links take their share of the mesh.
    for (const peer of open) {
      if (random.next() * left < places) {
        places--;
        this.#send(node, peer, item, from);
      }
      left--;
    }
  }

  #send(node: number, peer: number, item: number, from: number): void {
    if (peer === from) return;
    const { p, random, queue, messages, now } = this.world;
    messages.relay++;
    if (random.chance(p.loss)) return;
    queue.push(now + random.delay(p.hop), RECEIVE, peer, item, node);
  }

  /** On one machine a message waits for the processor that is free first, and is handled then; else at once: false. */
  waits(node: number, item: number, from: number): boolean {
    const { p, items, queue, now } = this.world;
    const { machine } = p;
    if (!machine) return false;
    const free = this.#processorFree;
    let first = 0;
    for (let i = 1; i < free.length; i++) if ((free[i] ?? 0) < (free[first] ?? 0)) first = i;
    const known = this.world.held(node, item) || this.#waiting[node * items + item] === 1;
    this.#waiting[node * items + item] = 1;
    const cost = known ? machine.duplicateMs : machine.freshMs;
    const done = Math.max(now, free[first] ?? 0) + cost;
    free[first] = done;
    queue.push(done, HANDLE, node, item, from);
    return true;
  }
}
