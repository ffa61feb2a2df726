import { EventQueue, type Event } from './event-queue.js';
import { COMMON, HIDDEN, judge, link, Log, PUBLIC } from './heads.js';
import type { Parameters } from './parameters.js';
import { Random } from './random.js';
import { ADVERSARY, Topology } from './topology.js';

/** What became of one fork (or of one honest hour). Times from the fork on; Infinity is never. */
export interface Outcome {
  /** The first honest node that holds evidence. */
  readonly firstMs: number;
  /** `mostShare` (99 %) of honest nodes hold it. */
  readonly mostMs: number;
  /** Share of honest nodes that hold it at the end. */
  readonly informed: number;
  /** The first that holds a head which nothing has linked for `suspicionMs`. */
  readonly suspectedMs: number;
  /** Nodes that hold evidence against a log that has only one view. */
  readonly falseAlarms: number;
  readonly messages: Readonly<Messages>;
}

/** What honest nodes sent: heads and evidence passed on, anti-entropy (hello, answer, items), pulls, fetches of tiles. */
export interface Messages {
  relay: number;
  sync: number;
  pull: number;
  tiles: number;
}

// What happens. Constants of the module, because an event is too short to look a name up.
/** A node sees the head of the log. */
const LOOK = 0;
/** A message is there … */
const RECEIVE = 1;
/** … and a processor has taken it. */
const HANDLE = 2;
/** The timer of anti-entropy. */
const SYNC = 3;
/** Both ends have compared. */
const EXCHANGE = 4;
/** The timer of the pull … */
const PULL = 5;
/** … and an answer to it. */
const TAKE = 6;
/** A fetch of tiles has ended … */
const TILES = 7;
/** … and is tried again; the event's `peer` is for how long the tiles were waited for. */
const RETRY = 8;
/** A node goes … */
const LEAVE = 9;
/** … and comes back. */
const RETURN = 10;
/** An operator, with all its nodes, is back. */
const RECOVER = 11;
/** An open link ends. */
const REDIAL = 12;

const NOBODY = -1;

/** One run of one world. */
export function run(p: Parameters, seed: number): Outcome {
  return new Network(p, new Random(seed)).run();
}

class Network {
  readonly #queue = new EventQueue();
  readonly #topology: Topology;
  readonly #log: Log;
  /** Items: the heads by their numbers, then the evidence. `#holds[node * #items + item]`. */
  readonly #evidence: number;
  readonly #items: number;
  readonly #holds: Uint8Array;
  readonly #up: Uint8Array;
  readonly #operatorDown: Uint8Array;
  /** The head that a node had of the log itself, and shows to those who pull. */
  readonly #firstHand: Int32Array;
  /** The newest head that a node has linked to all that it had linked before. */
  readonly #anchor: Int32Array;
  readonly #tilesRefused: Uint8Array;
  /** Taken in, and waiting for a processor: a copy that comes meanwhile is a duplicate. */
  readonly #waiting: Uint8Array;
  readonly #processorFree: Float64Array;
  readonly #messages: Messages = { relay: 0, sync: 0, pull: 0, tiles: 0 };
  #now: number;
  #informed = 0;
  #firstMs = Infinity;
  #mostMs = Infinity;
  #most = false;
  #suspectedMs = Infinity;

  constructor(
    readonly p: Parameters,
    readonly random: Random,
  ) {
    const { nodes } = p;
    this.#now = -p.warmupMs;
    this.#topology = new Topology(p, random);
    this.#log = new Log(p.sizes, p.publishMs, p.horizonMs);
    this.#evidence = this.#log.heads.length;
    this.#items = this.#evidence + 1;
    this.#holds = new Uint8Array(nodes * this.#items);
    // A victim is up when the log forks: one that is down is shown nothing.
    this.#up = this.#topology.victims.map((victim) =>
      !victim && random.chance(p.downMs / (p.upMs + p.downMs)) ? 0 : 1,
    );
    this.#operatorDown = new Uint8Array(this.#topology.operatorOf(nodes - 1) + 1);
    this.#firstHand = new Int32Array(nodes).fill(COMMON);
    this.#anchor = new Int32Array(nodes).fill(COMMON);
    this.#tilesRefused = new Uint8Array(nodes).map(() => (random.chance(p.tilesRefused) ? 1 : 0));
    this.#waiting = new Uint8Array(p.machine ? nodes * this.#items : 0);
    this.#processorFree = new Float64Array(p.machine?.processors ?? 0);
    for (let node = 0; node < nodes; node++) this.#start(node);
    for (let operator = 0; operator < this.#operatorDown.length; operator++) this.#outage(operator);
  }

  run(): Outcome {
    const { horizonMs, wholeHorizon, victims, nodes } = this.p;
    for (let event = this.#queue.pop(); event && event.ms < horizonMs; event = this.#queue.pop()) {
      this.#now = event.ms;
      this.#happen(event);
      if (this.#most && !wholeHorizon) break;
    }
    return {
      firstMs: this.#firstMs,
      mostMs: this.#mostMs,
      suspectedMs: this.#suspectedMs,
      informed: this.#informed / nodes,
      falseAlarms: victims === 0 ? this.#informed : 0,
      messages: this.#messages,
    };
  }

  /** The clocks of a node. All but the links' start at the fork: before it there is nothing to find. */
  #start(node: number): void {
    const { p, random } = this;
    const queue = this.#queue;
    this.#hold(node, COMMON);
    if (p.publicHeldBy === 'everybody' || (p.publicHeldBy === 'others' && !this.#topology.victims[node]))
      this.#hold(node, this.#log.newest(PUBLIC, 0));
    queue.push(p.look === 'push' ? this.#pushDelay() : random.next() * p.lookMs, LOOK, node);
    if (p.syncMs < Infinity) queue.push(this.#firstSync(), SYNC, node);
    if (p.pullMs < Infinity) queue.push(random.next() * p.pullMs, PULL, node);
    if (p.downMs > 0)
      if (this.#up[node]) queue.push(random.exponential(p.upMs), LEAVE, node);
      else queue.push(random.exponential(p.downMs), RETURN, node);
    if (p.linkLifeMs < Infinity && p.openLinks > 0) this.#nextRedial(node);
  }

  #outage(operator: number): void {
    const { p, random } = this;
    const first = operator * p.nodesPerOperator;
    const attacked = this.#topology.victims.subarray(first, first + p.nodesPerOperator).includes(1);
    if (attacked || !random.chance(p.operatorsDown)) return;
    this.#operatorDown[operator] = 1;
    if (p.outageMs < Infinity) this.#queue.push(random.exponential(p.outageMs), RECOVER, operator);
  }

  #happen({ kind: what, node, item, peer }: Event): void {
    switch (what) {
      case LOOK:
        return this.#look(node);
      case RECEIVE:
        return this.#receive(node, item, peer);
      case HANDLE:
        return this.#accept(node, item, peer);
      case SYNC:
        return this.#sync(node);
      case EXCHANGE:
        return this.#exchange(node, peer);
      case PULL:
        return this.#pull(node);
      case TAKE:
        return this.#accept(node, item, NOBODY);
      case TILES:
        return this.#tilesRead(node, item, peer);
      case RETRY:
        return this.#fetchTiles(node, item, peer);
      case LEAVE:
        this.#up[node] = 0;
        return this.#queue.push(this.#now + this.random.exponential(this.p.downMs), RETURN, node);
      case RETURN:
        this.#up[node] = 1;
        this.#queue.push(this.#now + this.random.exponential(this.p.upMs), LEAVE, node);
        return this.#meet(node);
      case RECOVER:
        this.#operatorDown[node] = 0;
        for (let i = 0; i < this.p.nodesPerOperator; i++) this.#meet(node * this.p.nodesPerOperator + i);
        return;
      case REDIAL:
        return this.#redial(node);
    }
  }

  // What a node sees, and what it makes of it

  #look(node: number): void {
    const { p } = this;
    const again = p.lookMs - (p.look === 'push' ? this.#now % p.lookMs : 0);
    const up = this.#isUp(node);
    if (!up || p.publishMs < Infinity)
      this.#queue.push(this.#now + again + (p.look === 'push' ? this.#pushDelay() : 0), LOOK, node);
    if (!up) return;
    const head = this.#log.newest(this.#topology.victims[node] ? HIDDEN : PUBLIC, this.#now);
    this.#firstHand[node] = head;
    this.#accept(node, head, NOBODY);
  }

  #pushDelay(): number {
    return this.p.pushMs ?? this.random.delay(this.p.hop);
  }

  /** An item reaches a node from a peer, or (from NOBODY) from the log or a pull. */
  #accept(node: number, item: number, from: number): void {
    if (!this.#isUp(node) || this.#held(node, item)) return;
    this.#hold(node, item);
    if (item === this.#evidence) this.#know();
    else if (this.#conflicts(node, item)) this.#detect(node);
    else if (!this.#held(node, this.#evidence)) this.#fetchTiles(node, item, 0);
    this.#relay(node, item, from);
  }

  #conflicts(node: number, item: number): boolean {
    const fresh = this.#log.head(item);
    for (let other = 0; other < this.#evidence; other++)
      if (this.#held(node, other) && judge(this.#log.head(other), fresh) === 'equivocation') return true;
    return false;
  }

  #detect(node: number): void {
    if (this.#held(node, this.#evidence)) return;
    this.#hold(node, this.#evidence);
    this.#know();
    this.#relay(node, this.#evidence, NOBODY);
  }

  #know(): void {
    this.#informed++;
    if (this.#informed === 1) this.#firstMs = this.#now;
    if (this.#informed === Math.ceil(this.p.mostShare * this.p.nodes)) {
      this.#mostMs = this.#now;
      this.#most = true;
    }
  }

  /** Sizes differ: only the tiles of the larger tree tell. `waited` is for how long they have been asked for. */
  #fetchTiles(node: number, item: number, waited: number): void {
    this.#messages.tiles++;
    this.#queue.push(this.#now + this.random.delay(this.p.tiles), TILES, node, item, waited);
  }

  #tilesRead(node: number, item: number, waited: number): void {
    if (this.#held(node, this.#evidence)) return;
    const { p } = this;
    const retry = (waitedNow: number): void =>
      this.#queue.push(this.#now + p.tilesRetryMs, RETRY, node, item, waitedNow);
    if (!this.#isUp(node)) return retry(waited); // nobody waits meanwhile
    const anchor = this.#anchor[node] ?? COMMON;
    const [known, fresh] = [this.#log.head(anchor), this.#log.head(item)];
    const hidden = (known.size > fresh.size ? known : fresh).view === HIDDEN;
    if (this.random.chance(p.tilesFailure) || (hidden && this.#tilesRefused[node])) {
      if (waited >= p.suspicionMs) this.#suspectedMs = Math.min(this.#suspectedMs, this.#now);
      retry(waited + p.tilesRetryMs);
    } else if (link(known, fresh) === 'equivocation') this.#detect(node);
    else if (fresh.size > known.size) this.#anchor[node] = item;
  }

  // How it travels

  /** What comes at first hand goes to all links, as gossipsub floods what it publishes; the rest to the mesh. */
  #relay(node: number, item: number, from: number): void {
    const { p, random } = this;
    if (p.mesh === 0) return;
    const topology = this.#topology;
    for (const peer of topology.reserved[node] ?? []) this.#send(node, peer, item, from);
    const open = topology.open[node] ?? [];
    const wasted = topology.wasted[node] ?? 0;
    let left = open.length + wasted;
    let places = from === NOBODY ? left : Math.min(p.mesh, left);
    this.#messages.relay += (topology.wastedReserved[node] ?? 0) + (left === 0 ? 0 : (places * wasted) / left);
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
    this.#messages.relay++;
    if (this.random.chance(this.p.loss)) return;
    this.#queue.push(this.#now + this.random.delay(this.p.hop), RECEIVE, peer, item, node);
  }

  /** On one machine a message waits for the processor that is free first. */
  #receive(node: number, item: number, from: number): void {
    const { machine } = this.p;
    if (!machine) return this.#accept(node, item, from);
    const free = this.#processorFree;
    let first = 0;
    for (let i = 1; i < free.length; i++) if ((free[i] ?? 0) < (free[first] ?? 0)) first = i;
    const known = this.#held(node, item) || this.#waiting[node * this.#items + item] === 1;
    this.#waiting[node * this.#items + item] = 1;
    const cost = known ? machine.duplicateMs : machine.freshMs;
    const done = Math.max(this.#now, free[first] ?? 0) + cost;
    free[first] = done;
    this.#queue.push(done, HANDLE, node, item, from);
  }

  #sync(node: number): void {
    this.#queue.push(this.#now + this.#syncWait(), SYNC, node);
    if (!this.#isUp(node)) return;
    const topology = this.#topology;
    const open = topology.open[node] ?? [];
    const reserved = topology.reserved[node] ?? [];
    const dead = (topology.wasted[node] ?? 0) + (topology.wastedReserved[node] ?? 0);
    const chosen = this.random.int(open.length + reserved.length + dead);
    const peer = open[chosen] ?? reserved[chosen - open.length];
    if (peer === undefined) this.#messages.sync++;
    else this.#greet(node, peer);
  }

  #firstSync(): number {
    const { syncClock, syncMs } = this.p;
    if (syncClock === 'rounds') return 0;
    return syncClock === 'poisson' ? this.#syncWait() : this.random.next() * syncMs;
  }

  #syncWait(): number {
    const { p, random } = this;
    if (p.syncClock === 'rounds') return p.syncMs;
    if (p.syncClock === 'poisson') return random.exponential(p.syncMs);
    return p.syncMs * (1 + (2 * random.next() - 1) / 3);
  }

  /** Hello and answer; when they differ each has, a round trip later, what the other lacked. */
  #greet(node: number, peer: number): void {
    this.#messages.sync += 2;
    if (!this.#isUp(peer) || this.random.chance(this.p.loss) || this.#holdTheSame(node, peer)) return;
    const roundTrip = this.random.delay(this.p.hop) + this.random.delay(this.p.hop);
    this.#queue.push(this.#now + roundTrip, EXCHANGE, node, 0, peer);
  }

  #exchange(node: number, peer: number): void {
    if (!this.#isUp(node) || !this.#isUp(peer)) return;
    for (let item = 0; item < this.#items; item++) {
      const [here, there] = [this.#held(node, item), this.#held(peer, item)];
      if (here === there || (there && this.p.syncWay === 'push')) continue;
      this.#messages.sync++;
      if (there) this.#accept(node, item, peer);
      else this.#queue.push(this.#now + this.random.delay(this.p.hop), RECEIVE, peer, item, node);
    }
  }

  /** A node that is back is connected again, and on a connection both compare. */
  #meet(node: number): void {
    const { open, reserved } = this.#topology;
    if (this.#isUp(node))
      for (const peer of [...(open[node] ?? []), ...(reserved[node] ?? [])]) this.#greet(node, peer);
  }

  #redial(node: number): void {
    const share = this.#topology.adversaryShare(this.#now + this.p.warmupMs);
    const peer = this.#topology.redial(node, share);
    if (peer !== undefined && this.#now >= 0 && this.#isUp(node)) this.#greet(node, peer);
    this.#nextRedial(node);
  }

  #nextRedial(node: number): void {
    const { linkLifeMs, openLinks } = this.p;
    this.#queue.push(this.#now + this.random.exponential(linkLifeMs / openLinks), REDIAL, node);
  }

  /** Directory members asked over HTTP: an answer is the head that they had of the log themselves. */
  #pull(node: number): void {
    const { p, random } = this;
    this.#queue.push(this.#now + p.pullMs, PULL, node);
    if (!this.#isUp(node)) return;
    const { directory } = this.#topology;
    for (let i = 0; i < p.pullWitnesses; i++) {
      this.#messages.pull++;
      const witness = directory[random.int(directory.length)] ?? ADVERSARY;
      if (witness === ADVERSARY || !this.#isUp(witness) || random.chance(p.pullBlocked)) continue;
      const answered = this.#now + random.delay(p.hop) + random.delay(p.hop);
      this.#queue.push(answered, TAKE, node, this.#firstHand[witness] ?? COMMON);
    }
  }

  #isUp(node: number): boolean {
    return this.#up[node] === 1 && this.#operatorDown[this.#topology.operatorOf(node)] === 0;
  }

  #holdTheSame(node: number, peer: number): boolean {
    for (let item = 0; item < this.#items; item++) if (this.#held(node, item) !== this.#held(peer, item)) return false;
    return true;
  }

  #held(node: number, item: number): boolean {
    return this.#holds[node * this.#items + item] === 1;
  }

  #hold(node: number, item: number): void {
    this.#holds[node * this.#items + item] = 1;
  }
}
