import { createHash } from 'node:crypto';
import { BUCKETS, DIGEST_BYTES, ID_BYTES, SYNC_MAX_IDS } from './sync-codec.js';

const ID = new RegExp(`^[0-9a-f]{${ID_BYTES * 2}}$`);

/** The IDs that we hold at one moment, sorted into buckets by their first byte. */
export class Inventory {
  readonly #buckets: readonly string[][];
  /** 256 digests: the first 8 bytes of SHA-256 over the sorted IDs of the bucket. */
  readonly digests: Uint8Array;

  constructor(ids: Iterable<string>) {
    const buckets = Array.from({ length: BUCKETS }, (): string[] => []);
    for (const id of ids) if (ID.test(id)) buckets[Number.parseInt(id.slice(0, 2), 16)]?.push(id);
    this.digests = new Uint8Array(BUCKETS * DIGEST_BYTES);
    for (const [bucket, held] of buckets.entries()) {
      held.sort();
      const digest = createHash('sha256').update(held.join(''), 'hex').digest();
      this.digests.set(digest.subarray(0, DIGEST_BYTES), bucket * DIGEST_BYTES);
    }
    this.#buckets = buckets;
  }

  /** Ascending. */
  idsIn(buckets: ReadonlySet<number>): string[] {
    return this.#buckets.flatMap((ids, bucket) => (buckets.has(bucket) ? ids : []));
  }

  /** The buckets in which others hold something else. */
  differing(digests: Uint8Array): number[] {
    return this.#buckets.flatMap((_, bucket) => {
      const [from, to] = [bucket * DIGEST_BYTES, (bucket + 1) * DIGEST_BYTES];
      return Buffer.compare(this.digests.subarray(from, to), digests.subarray(from, to)) === 0 ? [] : [bucket];
    });
  }

  /**
   * As many of these buckets as one offer holds, from `start` on and around: the next exchange begins elsewhere, so
   * everything gets its turn.
   */
  offerable(buckets: readonly number[], start: number): ReadonlySet<number> {
    const turned = [...buckets.filter((bucket) => bucket >= start), ...buckets.filter((bucket) => bucket < start)];
    const chosen = new Set<number>();
    let count = 0;
    for (const bucket of turned) {
      const size = this.#buckets[bucket]?.length ?? 0;
      if (count + size > SYNC_MAX_IDS) continue;
      chosen.add(bucket);
      count += size;
    }
    return chosen;
  }
}
