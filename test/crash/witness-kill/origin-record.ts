import { toHex } from '#crypto';
import { appendLeafHashes, EMPTY_FRONTIER, EMPTY_ROOT, frontierRoot } from '#libs/merkle';

/** A head that a witness has put its name to, or has said that it knows. Times are those of this process, in milliseconds. */
export interface Seen {
  readonly size: number;
  /** Hex; a conflict has none. */
  readonly root?: string;
  /** That of the cosignature; an answer that was cut off in the middle may have none. */
  readonly timestamp?: bigint;
  /** When the request was about to be sent. */
  readonly sentAt: number;
  /** When the answer was here. */
  readonly at: number;
  /** `cosigned`: the answer to add-checkpoint. `shown`: what monitors get. `told`: the size that a conflict is answered with. */
  readonly by: 'cosigned' | 'shown' | 'told';
}

export type FindingKind = 'forked' | 'rolled-back' | 'lost';

export interface Finding {
  readonly kind: FindingKind;
  readonly text: string;
}

/** All that one witness ever said of one origin, over all its lives; and what must hold of it. */
export class OriginRecord {
  readonly #seen: Seen[] = [];

  constructor(
    readonly witness: string,
    readonly origin: string,
  ) {}

  add(seen: Seen): void {
    this.#seen.push(seen);
  }

  get cosignatures(): number {
    return this.#seen.filter(({ by }) => by === 'cosigned').length;
  }

  /** What is wrong: `leaves` are those of the history that the witness has followed, as the log has made them. */
  findings(leaves: readonly Uint8Array[]): Finding[] {
    return [...this.#besideOneChain(leaves), ...this.#backInTime(), ...this.#backInTimestamps()];
  }

  /** Every head is a prefix of one tree, which is built here once more from its leaves. */
  #besideOneChain(leaves: readonly Uint8Array[]): Finding[] {
    const roots = [toHex(EMPTY_ROOT)];
    let frontier = EMPTY_FRONTIER;
    for (const leaf of leaves) {
      frontier = appendLeafHashes(frontier, [leaf]);
      roots.push(toHex(frontierRoot(frontier)));
    }
    return this.#seen
      .filter(({ size, root }) => root !== undefined && roots[size] !== root)
      .map(({ size, by }) =>
        this.#finding(
          'forked',
          `${by} another tree of ${size} leaves than that of its history, which has ${leaves.length}`,
        ),
      );
  }

  /** Whoever asks after an answer was here is told of at least as much: an older head is a rollback, or is what is left. */
  #backInTime(): Finding[] {
    const bySending = this.#seen.toSorted((a, b) => a.sentAt - b.sentAt);
    const left = this.#seen.filter(({ by }) => by !== 'told').toSorted((a, b) => a.at - b.at);
    const found: Finding[] = [];
    let [known, next] = [0, 0];
    for (const seen of bySending) {
      for (let earlier = left[next]; earlier && earlier.at < seen.sentAt; earlier = left[++next]) {
        known = Math.max(known, earlier.size);
      }
      if (seen.size >= known) continue;
      found.push(
        seen.by === 'cosigned'
          ? this.#finding('rolled-back', `cosigned size ${seen.size} after size ${known}`)
          : this.#finding('lost', `knew of size ${seen.size}, and had acknowledged size ${known}`),
      );
    }
    return found;
  }

  /** tlog-cosignature: at that time the largest tree that was observed. So a larger one never has an earlier time. */
  #backInTimestamps(): Finding[] {
    const timed = this.#seen.filter(({ timestamp }) => timestamp !== undefined).toSorted((a, b) => a.size - b.size);
    const found: Finding[] = [];
    let [latestOfSmaller, latest, size] = [0n, 0n, -1];
    for (const seen of timed) {
      const timestamp = seen.timestamp ?? 0n;
      if (seen.size > size) [latestOfSmaller, size] = [latest, seen.size];
      if (timestamp < latestOfSmaller) {
        const text = `cosigned size ${size} at ${timestamp}, and a smaller one at ${latestOfSmaller}`;
        found.push(this.#finding('rolled-back', text));
      }
      if (timestamp > latest) latest = timestamp;
    }
    return found;
  }

  #finding(kind: FindingKind, text: string): Finding {
    return { kind, text: `${kind}: ${this.witness} on ${this.origin} ${text}` };
  }
}
