/** A signed head, as far as a node can see: what it compares is the size and the root. */
export interface Head {
  readonly size: number;
  readonly root: string;
  /** Which tree the log took it from: read by `rootAt` alone, which stands for that tree's tiles. */
  readonly view: View;
}

export type View = typeof PUBLIC | typeof HIDDEN;
export const PUBLIC = 0;
export const HIDDEN = 1;

/** Entries before the fork: up to here the two trees are one. */
const FORK_SIZE = 1000;

/** The root that the tiles of a view's tree give at `size`. */
function rootAt(view: View, size: number): string {
  return `${size <= FORK_SIZE ? PUBLIC : view}/${size}`;
}

/** What a node says of two heads before it has read any tile. */
export function judge(a: Head, b: Head): 'equal' | 'unlinked' | 'equivocation' {
  if (a.size !== b.size) return 'unlinked';
  return a.root === b.root ? 'equal' : 'equivocation';
}

/** What it says when it has the tiles of the larger one's tree, that is, a proof from the root they give at the smaller size. */
export function link(a: Head, b: Head): 'consistent' | 'equivocation' {
  const [older, newer] = a.size <= b.size ? [a, b] : [b, a];
  return rootAt(newer.view, older.size) === older.root ? 'consistent' : 'equivocation';
}

/** The head that all nodes hold from the start. */
export const COMMON = 0;

/** What the log has signed, numbered: the common head, then for each publication a public and a hidden one. */
export class Log {
  readonly heads: readonly Head[];
  readonly #publications: number;

  constructor(
    sizes: 'same' | 'different',
    readonly publishMs: number,
    horizonMs: number,
  ) {
    this.#publications = publishMs === Infinity ? 1 : Math.ceil(horizonMs / publishMs);
    const heads: Head[] = [{ size: FORK_SIZE, root: rootAt(PUBLIC, FORK_SIZE), view: PUBLIC }];
    for (let i = 0; i < this.#publications; i++) {
      const size = FORK_SIZE + 10 * (i + 1);
      const hidden = sizes === 'same' ? size : size + 5;
      heads.push({ size, root: rootAt(PUBLIC, size), view: PUBLIC });
      heads.push({ size: hidden, root: rootAt(HIDDEN, hidden), view: HIDDEN });
    }
    this.heads = heads;
  }

  head(number: number): Head {
    const head = this.heads[number];
    if (head === undefined) throw new RangeError(`there are ${this.heads.length} heads, no number ${number}`);
    return head;
  }

  /** The number of the newest head of a view, `ms` after the fork. */
  newest(view: View, ms: number): number {
    const publication = this.publishMs === Infinity ? 0 : Math.floor(ms / this.publishMs);
    return 1 + 2 * Math.min(this.#publications - 1, publication) + view;
  }
}
