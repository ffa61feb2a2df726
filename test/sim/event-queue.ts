/** Something that happens at `ms` to `node`; what `item` and `peer` mean is the kind's affair. */
export interface Event {
  readonly ms: number;
  readonly kind: number;
  readonly node: number;
  readonly item: number;
  readonly peer: number;
}

/** A binary heap of events, earliest first. */
export class EventQueue {
  readonly #heap: Event[] = [];

  push(ms: number, kind: number, node: number, item = 0, peer = 0): void {
    const heap = this.#heap;
    const event: Event = { ms, kind, node, item, peer };
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || parent.ms <= ms) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  /** The earliest event, taken out; undefined when nothing is left to happen. */
  pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = heap[below];
      if (child === undefined) break;
      const right = heap[below + 1];
      if (right !== undefined && right.ms < child.ms) {
        child = right;
        below++;
      }
      if (child.ms >= last.ms) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}
