import type { Detection } from './detection.js';
import { EXCHANGE, PULL, RECEIVE, REDIAL, SYNC, TAKE } from './event-kinds.js';
import { COMMON } from './heads.js';
import { ADVERSARY } from './topology.js';
import type { World } from './world.js';

/** What nodes ask each other for, on a timer and when they meet: relay alone never repairs what was missed. */
export class AntiEntropy {
  constructor(
    private readonly world: World,
    private readonly detection: Detection,
  ) {}

  sync(node: number): void {
    const { queue, topology, messages, random, now } = this.world;
    queue.push(now + this.#syncWait(), SYNC, node);
    if (!this.world.isUp(node)) return;
    const open = topology.open[node] ?? [];
    const reserved = topology.reserved[node] ?? [];
    const dead = (topology.wasted[node] ?? 0) + (topology.wastedReserved[node] ?? 0);
    const chosen = random.int(open.length + reserved.length + dead);
    const peer = open[chosen] ?? reserved[chosen - open.length];
    if (peer === undefined) messages.sync++;
    else this.#greet(node, peer);
  }

  firstSync(): number {
    const { syncClock, syncMs } = this.world.p;
    if (syncClock === 'rounds') return 0;
    return syncClock === 'poisson' ? this.#syncWait() : this.world.random.next() * syncMs;
  }

  #syncWait(): number {
    const { p, random } = this.world;
    if (p.syncClock === 'rounds') return p.syncMs;
    if (p.syncClock === 'poisson') return random.exponential(p.syncMs);
    return p.syncMs * (1 + (2 * random.next() - 1) / 3);
  }

  /** Hello and answer; when they differ each has, a round trip later, what the other lacked. */
  #greet(node: number, peer: number): void {
    const { p, queue, messages, random, now } = this.world;
    messages.sync += 2;
    if (!this.world.isUp(peer) || random.chance(p.loss) || this.world.holdTheSame(node, peer)) return;
    const roundTrip = random.delay(p.hop) + random.delay(p.hop);
    queue.push(now + roundTrip, EXCHANGE, node, 0, peer);
  }

  exchange(node: number, peer: number): void {
    const { world } = this;
    const { p, queue, messages, random, now } = world;
    if (!world.isUp(node) || !world.isUp(peer)) return;
    for (let item = 0; item < world.items; item++) {
      const [here, there] = [world.held(node, item), world.held(peer, item)];
      if (here === there || (there && p.syncWay === 'push')) continue;
      messages.sync++;
      if (there) this.detection.accept(node, item, peer);
      else queue.push(now + random.delay(p.hop), RECEIVE, peer, item, node);
    }
  }

  /** A node that is back is connected again, and on a connection both compare. */
  meet(node: number): void {
    const { open, reserved } = this.world.topology;
    if (this.world.isUp(node))
      for (const peer of [...(open[node] ?? []), ...(reserved[node] ?? [])]) this.#greet(node, peer);
  }

  redial(node: number): void {
    const { p, topology, now } = this.world;
    const share = topology.adversaryShare(now + p.warmupMs);
    const peer = topology.redial(node, share);
    if (peer !== undefined && now >= 0 && this.world.isUp(node)) this.#greet(node, peer);
    this.nextRedial(node);
  }

  nextRedial(node: number): void {
    const { p, queue, random, now } = this.world;
    queue.push(now + random.exponential(p.linkLifeMs / p.openLinks), REDIAL, node);
  }

  /** Directory members asked over HTTP: an answer is the head that they had of the log themselves. */
  pull(node: number): void {
    const { p, queue, topology, messages, random, now } = this.world;
    queue.push(now + p.pullMs, PULL, node);
    if (!this.world.isUp(node)) return;
    const { directory } = topology;
    for (let i = 0; i < p.pullWitnesses; i++) {
      messages.pull++;
      const witness = directory[random.int(directory.length)] ?? ADVERSARY;
      if (witness === ADVERSARY || !this.world.isUp(witness) || random.chance(p.pullBlocked)) continue;
      const answered = now + random.delay(p.hop) + random.delay(p.hop);
      queue.push(answered, TAKE, node, this.detection.firstHand[witness] ?? COMMON);
    }
  }
}
