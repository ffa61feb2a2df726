import { hashChildren, frontierRoot, proveConsistency, type Frontier, type NodeReader } from '#libs/merkle';

/** One history of a log as far as a witness has gone along with it: all leaf hashes, and the nodes above them. */
export class History {
  /** By level: the roots of all complete subtrees. */
  readonly #levels: Uint8Array[][] = [[]];

  constructor(leaves: readonly Uint8Array[] = []) {
    this.append(leaves);
  }

  get leaves(): readonly Uint8Array[] {
    return this.#levels[0] ?? [];
  }

  get size(): number {
    return this.leaves.length;
  }

  append(leaves: readonly Uint8Array[]): void {
    for (const leaf of leaves) {
      let node = leaf;
      for (let level = 0; ; level++) {
        const nodes = (this.#levels[level] ??= []);
        nodes.push(node);
        const left = nodes.at(-2);
        if (nodes.length % 2 === 1 || left === undefined) break;
        node = hashChildren(left, node);
      }
    }
  }

  node(level: number, index: number): Uint8Array {
    const node = this.#levels[level]?.[index];
    if (!node) throw new Error(`subtree ${index} of level ${level} is not complete in ${this.size} leaves`);
    return node;
  }
}

/** What a log shows as its next tree: a history up to some size, and other leaves from there. */
export class Branch {
  constructor(
    private readonly base: History,
    readonly forkAt: number,
    readonly leaves: readonly Uint8Array[],
  ) {}

  get size(): number {
    return this.forkAt + this.leaves.length;
  }

  root(size: number = this.size): Uint8Array {
    const hashes: Uint8Array[] = [];
    for (let from = 0, bit = 2 ** 40; bit >= 1; bit /= 2) {
      if (from + bit > size) continue;
      hashes.push(this.#node(Math.log2(bit), from / bit));
      from += bit;
    }
    const frontier: Frontier = { size: BigInt(size), hashes };
    return frontierRoot(frontier);
  }

  prove(oldSize: number, size: number = this.size): Promise<Uint8Array[]> {
    const read: NodeReader = (level, index) => this.#node(level, Number(index));
    return proveConsistency(BigInt(oldSize), BigInt(size), read);
  }

  #node(level: number, index: number): Uint8Array {
    if ((index + 1) * 2 ** level <= this.forkAt) return this.base.node(level, index);
    if (level > 0) return hashChildren(this.#node(level - 1, 2 * index), this.#node(level - 1, 2 * index + 1));
    const leaf = this.leaves[index - this.forkAt];
    if (!leaf) throw new Error(`leaf ${index} is not among ${this.size}`);
    return leaf;
  }
}
