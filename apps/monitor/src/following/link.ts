import { relateHeads, type Relation, type SignedHead } from '#libs/evidence';
import { TileSource } from '#libs/gossip';

/** For everything that is read from one copy. */
const COPY_TIMEOUT_MS = 20_000;

/**
 * Finds out what a newer head has to do with an older one, by the tiles of the newer tree: of the first copy of the log that
 * says anything at all. What no copy can prove stays unproven, for the reason that the first one gives.
 */
export async function linkHeads(
  older: SignedHead,
  newer: SignedHead,
  copies: readonly string[],
  signal: AbortSignal,
): Promise<Relation> {
  let first: Relation | undefined;
  for (const url of copies) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(COPY_TIMEOUT_MS)]);
    const relation = await relateHeads(older, newer, new TileSource(url, limit).nodes(newer.checkpoint.size));
    if (relation.kind !== 'unproven') return relation;
    first ??= relation;
  }
  return first ?? { kind: 'unproven', reason: 'no copy of the log is configured' };
}
