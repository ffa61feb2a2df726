import { AntiEntropy } from './anti-entropy.js';
import { Detection } from './detection.js';
import * as kind from './event-kinds.js';
import type { Event } from './event-queue.js';
import { COMMON, PUBLIC } from './heads.js';
import type { Outcome } from './outcome.js';
import type { Parameters } from './parameters.js';
import { Random } from './random.js';
import { Relay } from './relay.js';
import { World } from './world.js';

/** One run of one world. */
export function run(p: Parameters, seed: number): Outcome {
  return new Model(new World(p, new Random(seed))).run();
}

/** The clocks of the nodes, and which part of the model each event is for. */
class Model {
  readonly #relay: Relay;
  readonly #detection: Detection;
  readonly #antiEntropy: AntiEntropy;

  constructor(private readonly world: World) {
    this.#relay = new Relay(world);
    this.#detection = new Detection(world, this.#relay);
    this.#antiEntropy = new AntiEntropy(world, this.#detection);
    for (let node = 0; node < world.p.nodes; node++) this.#start(node);
    for (let operator = 0; operator < world.operatorDown.length; operator++) this.#outage(operator);
  }

  run(): Outcome {
    const { world } = this;
    const { horizonMs, wholeHorizon, victims, nodes } = world.p;
    for (let event = world.queue.pop(); event && event.ms < horizonMs; event = world.queue.pop()) {
      world.now = event.ms;
      this.#happen(event);
      if (this.#detection.mostMs < Infinity && !wholeHorizon) break;
    }
    const { firstMs, mostMs, suspectedMs, informed } = this.#detection;
    return {
      firstMs,
      mostMs,
      suspectedMs,
      informed: informed / nodes,
      falseAlarms: victims === 0 ? informed : 0,
      messages: world.messages,
    };
  }

  /** The clocks of a node. All but the links' start at the fork: before it there is nothing to find. */
  #start(node: number): void {
    const { world } = this;
    const { p, random, queue, topology, log } = world;
    world.hold(node, COMMON);
    if (p.publicHeldBy === 'everybody' || (p.publicHeldBy === 'others' && !topology.victims[node]))
      world.hold(node, log.newest(PUBLIC, 0));
    queue.push(p.look === 'push' ? this.#detection.pushDelay() : random.next() * p.lookMs, kind.LOOK, node);
    if (p.syncMs < Infinity) queue.push(this.#antiEntropy.firstSync(), kind.SYNC, node);
    if (p.pullMs < Infinity) queue.push(random.next() * p.pullMs, kind.PULL, node);
    if (p.downMs > 0)
      if (world.up[node]) queue.push(random.exponential(p.upMs), kind.LEAVE, node);
      else queue.push(random.exponential(p.downMs), kind.RETURN, node);
    if (p.linkLifeMs < Infinity && p.openLinks > 0) this.#antiEntropy.nextRedial(node);
  }

  #outage(operator: number): void {
    const { p, random, queue, topology, operatorDown } = this.world;
    const first = operator * p.nodesPerOperator;
    const attacked = topology.victims.subarray(first, first + p.nodesPerOperator).includes(1);
    if (attacked || !random.chance(p.operatorsDown)) return;
    operatorDown[operator] = 1;
    if (p.outageMs < Infinity) queue.push(random.exponential(p.outageMs), kind.RECOVER, operator);
  }

  #happen({ kind: what, node, item, peer }: Event): void {
    switch (what) {
      case kind.LOOK:
        return this.#detection.look(node);
      case kind.RECEIVE:
        return this.#relay.waits(node, item, peer) ? undefined : this.#detection.accept(node, item, peer);
      case kind.HANDLE:
        return this.#detection.accept(node, item, peer);
      case kind.SYNC:
        return this.#antiEntropy.sync(node);
      case kind.EXCHANGE:
        return this.#antiEntropy.exchange(node, peer);
      case kind.PULL:
        return this.#antiEntropy.pull(node);
      case kind.TAKE:
        return this.#detection.accept(node, item, kind.NOBODY);
      case kind.TILES:
        return this.#detection.tilesRead(node, item, peer);
      case kind.RETRY:
        return this.#detection.fetchTiles(node, item, peer);
      case kind.LEAVE:
        return this.#leave(node);
      case kind.RETURN:
        return this.#return(node);
      case kind.RECOVER:
        return this.#recover(node);
      case kind.REDIAL:
        return this.#antiEntropy.redial(node);
    }
  }

  #leave(node: number): void {
    const { p, random, queue, up, now } = this.world;
    up[node] = 0;
    queue.push(now + random.exponential(p.downMs), kind.RETURN, node);
  }

  #return(node: number): void {
    const { p, random, queue, up, now } = this.world;
    up[node] = 1;
    queue.push(now + random.exponential(p.upMs), kind.LEAVE, node);
    this.#antiEntropy.meet(node);
  }

  #recover(operator: number): void {
    const { p, operatorDown } = this.world;
    operatorDown[operator] = 0;
    for (let i = 0; i < p.nodesPerOperator; i++) this.#antiEntropy.meet(operator * p.nodesPerOperator + i);
  }
}
