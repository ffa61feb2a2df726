import { hashLeaf } from '#libs/merkle';
import { EMPTY_EDGE, edgeRoot, formatCheckpoint, integrate, tilePath, type TileEdge } from '#libs/tlog';

/** One history of a log, an entry at a time, with its tiles. Entries from `forkAt` on are those of the branch. */
export class GrowingTree {
  /** The tiles of every size that it has had, by path. */
  readonly files = new Map<string, Uint8Array>();
  #edge: TileEdge = EMPTY_EDGE;

  constructor(
    private readonly branch: string,
    private readonly forkAt: number,
  ) {}

  get size(): number {
    return Number(this.#edge.size);
  }

  /** Adds an entry. @returns the paths of the tiles that came with it */
  append(): string[] {
    const { size } = this;
    const entry = size < this.forkAt ? `entry ${size}` : `entry ${size} of ${this.branch}`;
    const { edge, tiles } = integrate(this.#edge, [hashLeaf(Buffer.from(entry))]);
    this.#edge = edge;
    return tiles.map(({ level, index, width, bytes }) => {
      const path = tilePath(level, index, width);
      this.files.set(path, bytes);
      return path;
    });
  }

  /** The text that the log signs. */
  checkpoint(origin: string): Uint8Array {
    return formatCheckpoint({ origin, size: this.#edge.size, root: edgeRoot(this.#edge), extensions: [] });
  }
}
