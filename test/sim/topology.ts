import { HOUR, type Parameters } from './parameters.js';
import type { Random } from './random.js';

/** The far end of a link, or a directory member, that is the adversary's. */
export const ADVERSARY = -1;

const DIAL_ATTEMPTS = 64;

/** Who is linked with whom. A link carries both ways, whoever dialled; one that ends at the adversary carries nothing. */
export class Topology {
  /** Honest peers over open links, dialled or accepted. */
  readonly open: number[][];
  /** Open links that end at the adversary: they take their share of what is sent. */
  readonly wasted: Int32Array;
  /** Honest peers over reserved links, of either side. */
  readonly reserved: number[][];
  readonly wastedReserved: Int32Array;
  /** Nodes, and ADVERSARY for each dishonest member. */
  readonly directory: readonly number[];
  readonly victims: Uint8Array;
  readonly #eclipsed: Uint8Array;
  readonly #dialled: number[][];
  readonly #operator: Uint32Array;

  constructor(
    readonly p: Parameters,
    readonly random: Random,
  ) {
    const { nodes } = p;
    const lists = (): number[][] => Array.from({ length: nodes }, () => []);
    this.open = lists();
    this.reserved = lists();
    this.#dialled = lists();
    this.#operator = new Uint32Array(nodes).map((_, node) => Math.floor(node / p.nodesPerOperator));
    this.wasted = new Int32Array(nodes);
    this.wastedReserved = new Int32Array(nodes);
    const order = random.shuffle(Array.from({ length: nodes }, (_, i) => i));
    const members = Math.max(1, Math.round(nodes * p.directoryShare));
    // The directory is the end of the order, the attacked are the beginning.
    this.directory = order.slice(-members).map((node) => (random.chance(p.dishonestDirectory) ? ADVERSARY : node));
    this.victims = marked(nodes, order, p.victims);
    this.#eclipsed = marked(nodes, order, Math.round(nodes * p.eclipsedShare));
    if (p.openLinks >= nodes - 1) this.#linkAll();
    else for (const node of order) for (let i = 0; i < p.openLinks; i++) this.#dial(node, p.adversaryShare);
    for (const node of order) this.#reserve(node);
  }

  operatorOf(node: number): number {
    return this.#operator[node] ?? 0;
  }

  /** f after so long: the Sybils of the meantime are heard of like everybody else. */
  adversaryShare(elapsedMs: number): number {
    const { adversaryShare: f, sybilsPerHour } = this.p;
    const perHonest = f / (1 - f) + (sybilsPerHour * elapsedMs) / HOUR;
    return perHonest / (1 + perHonest);
  }

  /** Ends one dialled link of a node and dials anew. Returns the honest peer that it has now. */
  redial(node: number, adversaryShare: number): number | undefined {
    const dialled = this.#dialled[node] ?? [];
    const [ended] = dialled.splice(this.random.int(dialled.length), 1);
    if (ended === undefined) return undefined;
    if (ended === ADVERSARY) this.#waste(node, -1);
    else {
      remove(this.open[node], ended);
      remove(this.open[ended], node);
    }
    return this.#dial(node, adversaryShare);
  }

  #dial(node: number, adversaryShare: number): number | undefined {
    const { random, p } = this;
    for (let attempt = 0; attempt < DIAL_ATTEMPTS; attempt++) {
      if (this.#eclipsed[node] || random.chance(adversaryShare)) break;
      const peer = random.int(p.nodes);
      const refused = this.#eclipsed[peer] || (p.inboundTaken && this.victims[peer]);
      if (peer === node || refused || this.open[node]?.includes(peer)) continue;
      this.open[node]?.push(peer);
      this.open[peer]?.push(node);
      this.#dialled[node]?.push(peer);
      return peer;
    }
    this.#dialled[node]?.push(ADVERSARY);
    this.#waste(node, 1);
    return undefined;
  }

  /** The reserved links of a node: to members of different operators, or all to the nodes of one. */
  #reserve(node: number): void {
    const { random, p } = this;
    const operators = new Set([this.operatorOf(node)]);
    const members = p.reservedSpread ? this.directory : this.#nodesOfAnotherOperator(node);
    const asked = new Set<number>();
    let links = 0;
    for (let attempt = 0; links < p.reservedLinks && attempt < DIAL_ATTEMPTS * p.reservedLinks; attempt++) {
      const place = random.int(members.length);
      if (asked.has(place)) continue;
      const peer = members[place] ?? ADVERSARY;
      if (peer !== ADVERSARY && p.reservedSpread && operators.has(this.operatorOf(peer))) continue;
      asked.add(place);
      links++;
      if (peer === ADVERSARY) this.wastedReserved[node] = (this.wastedReserved[node] ?? 0) + 1;
      else {
        operators.add(this.operatorOf(peer));
        if (this.reserved[node]?.includes(peer)) continue; // it reserved us before
        this.reserved[node]?.push(peer);
        this.reserved[peer]?.push(node);
      }
    }
  }

  /** Whole-operator links go where a directory member is; a victim is nobody's reserved peer. */
  #nodesOfAnotherOperator(node: number): number[] {
    const { nodesPerOperator, nodes } = this.p;
    const own = this.operatorOf(node);
    const others = this.directory.filter((member) => member !== ADVERSARY && this.operatorOf(member) !== own);
    const operator = this.operatorOf(others[this.random.int(others.length)] ?? own);
    const all = Array.from({ length: nodesPerOperator }, (_, i) => operator * nodesPerOperator + i);
    return all.filter((peer) => peer < nodes && !this.victims[peer]);
  }

  #linkAll(): void {
    for (const [node, peers] of this.open.entries())
      for (let peer = 0; peer < this.p.nodes; peer++) if (peer !== node) peers.push(peer);
  }

  #waste(node: number, links: number): void {
    this.wasted[node] = (this.wasted[node] ?? 0) + links;
  }
}

function marked(nodes: number, order: readonly number[], count: number): Uint8Array {
  const marks = new Uint8Array(nodes);
  for (const node of order.slice(0, count)) marks[node] = 1;
  return marks;
}

function remove(list: number[] | undefined, item: number): void {
  const at = list?.indexOf(item) ?? -1;
  if (at >= 0) list?.splice(at, 1);
}
