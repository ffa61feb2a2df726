import type { Checkpoint } from '#libs/tlog';
import type { View } from '../watched-log.js';

/** What one address has shown. */
export class ViewState {
  /** Whether it was asked since the start. */
  asked = false;
  /** The largest tree in what it showed last, signed by the log; undefined: it has shown none, or has none (a witness). */
  size: bigint | undefined;
  root: Uint8Array | undefined;
  seenMs: number | undefined;
  /** Why it shows nothing now, and since when. */
  problem: string | undefined;
  failingSinceMs: number | undefined;

  constructor(readonly view: View) {}

  /** Nothing is what a witness has of a log that it never cosigned; of one that it did, it is silence. */
  shown(head: Pick<Checkpoint, 'size' | 'root'> | undefined, nowMs: number): void {
    if (head === undefined && this.size !== undefined) {
      this.failed('it shows nothing of this log any more', nowMs);
      return;
    }
    this.asked = true;
    this.size = head?.size;
    this.root = head?.root;
    this.seenMs = nowMs;
    this.problem = undefined;
    this.failingSinceMs = undefined;
  }

  failed(problem: string, nowMs: number): void {
    this.asked = true;
    this.problem = problem;
    this.failingSinceMs ??= nowMs;
  }
}
