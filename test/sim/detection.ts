import { LOOK, NOBODY, RETRY, TILES } from './event-kinds.js';
import { COMMON, HIDDEN, judge, link, PUBLIC } from './heads.js';
import type { Relay } from './relay.js';
import type { World } from './world.js';

/** What a node sees, and what it makes of it. */
export class Detection {
  /** The head that a node had of the log itself, and shows to those who pull. */
  readonly firstHand: Int32Array;
  /** The newest head that a node has linked to all that it had linked before. */
  readonly #anchor: Int32Array;
  readonly #tilesRefused: Uint8Array;
  informed = 0;
  firstMs = Infinity;
  mostMs = Infinity;
  suspectedMs = Infinity;

  constructor(
    private readonly world: World,
    private readonly relay: Relay,
  ) {
    const { p, random } = world;
    this.firstHand = new Int32Array(p.nodes).fill(COMMON);
    this.#anchor = new Int32Array(p.nodes).fill(COMMON);
    this.#tilesRefused = new Uint8Array(p.nodes).map(() => (random.chance(p.tilesRefused) ? 1 : 0));
  }

  look(node: number): void {
    const { p, queue, topology, log, now } = this.world;
    const again = p.lookMs - (p.look === 'push' ? now % p.lookMs : 0);
    const up = this.world.isUp(node);
    if (!up || p.publishMs < Infinity) queue.push(now + again + (p.look === 'push' ? this.pushDelay() : 0), LOOK, node);
    if (!up) return;
    const head = log.newest(topology.victims[node] ? HIDDEN : PUBLIC, now);
    this.firstHand[node] = head;
    this.accept(node, head, NOBODY);
  }

  pushDelay(): number {
    const { p, random } = this.world;
    return p.pushMs ?? random.delay(p.hop);
  }

  /** An item reaches a node from a peer, or (from NOBODY) from the log or a pull. */
  accept(node: number, item: number, from: number): void {
    const { world } = this;
    if (!world.isUp(node) || world.held(node, item)) return;
    world.hold(node, item);
    if (item === world.evidence) this.#know();
    else if (this.#conflicts(node, item)) this.#detect(node);
    else if (!world.held(node, world.evidence)) this.fetchTiles(node, item, 0);
    this.relay.pass(node, item, from);
  }

  #conflicts(node: number, item: number): boolean {
    const { log, evidence } = this.world;
    const fresh = log.head(item);
    for (let other = 0; other < evidence; other++)
      if (this.world.held(node, other) && judge(log.head(other), fresh) === 'equivocation') return true;
    return false;
  }

  #detect(node: number): void {
    const { world } = this;
    if (world.held(node, world.evidence)) return;
    world.hold(node, world.evidence);
    this.#know();
    this.relay.pass(node, world.evidence, NOBODY);
  }

  #know(): void {
    const { p, now } = this.world;
    this.informed++;
    if (this.informed === 1) this.firstMs = now;
    if (this.informed === Math.ceil(p.mostShare * p.nodes)) this.mostMs = now;
  }

  /** Sizes differ: only the tiles of the larger tree tell. `waited` is for how long they have been asked for. */
  fetchTiles(node: number, item: number, waited: number): void {
    const { p, random, queue, messages, now } = this.world;
    messages.tiles++;
    queue.push(now + random.delay(p.tiles), TILES, node, item, waited);
  }

  tilesRead(node: number, item: number, waited: number): void {
    const { p, random, queue, log, evidence, now } = this.world;
    if (this.world.held(node, evidence)) return;
    const retry = (waitedNow: number): void => queue.push(now + p.tilesRetryMs, RETRY, node, item, waitedNow);
    if (!this.world.isUp(node)) return retry(waited); // nobody waits meanwhile
    const [known, fresh] = [log.head(this.#anchor[node] ?? COMMON), log.head(item)];
    const hidden = (known.size > fresh.size ? known : fresh).view === HIDDEN;
    if (random.chance(p.tilesFailure) || (hidden && this.#tilesRefused[node])) {
      if (waited >= p.suspicionMs) this.suspectedMs = Math.min(this.suspectedMs, now);
      retry(waited + p.tilesRetryMs);
    } else if (link(known, fresh) === 'equivocation') this.#detect(node);
    else if (fresh.size > known.size) this.#anchor[node] = item;
  }
}
