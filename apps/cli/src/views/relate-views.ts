import { fetchTile, ServiceError } from '#libs/client';
import { isSameVerifierKey, relateHeads, type Evidence, type Relation, type SignedHead } from '#libs/evidence';
import type { NodeReader } from '#libs/merkle';
import { tileNodeReader } from '#libs/tlog';
import type { Context } from '../context.js';
import { firstDifference } from './first-difference.js';
import type { View } from './view.js';

/** How two views of one log stand to each other. */
export type ViewRelation =
  | { readonly kind: 'consistent' }
  | {
      readonly kind: 'equivocation';
      /** One for each key that signed both: that of the log first, then those of witnesses. */
      readonly evidence: readonly Evidence[];
      /** The index of the first entry that is not the same, proven in both trees; undefined when not both show theirs. */
      readonly firstDifference: bigint | undefined;
    }
  | {
      readonly kind: 'unlinked';
      readonly reason: string;
      /** Nobody could be asked, which is no reason to suspect anyone. */
      readonly unreachable: boolean;
    };

/** For one tile, and for all that is read at one address to link two views: a hundred tiles at most. */
const TILE_TIMEOUT_MS = 10_000;
const SOURCE_TIMEOUT_MS = 60_000;

/**
 * Links two views by the tiles of the larger tree, read from the first of `sources` that has them; of two equal sizes the
 * roots say it all. `sources` are addresses of logs and mirrors, and believed nothing. Those that do not answer are put into
 * `silent`, and not asked again: of many pairs each would wait for them anew.
 */
export async function relateViews(
  one: View,
  other: View,
  sources: readonly string[],
  context: Context,
  silent: Set<string> = new Set(),
): Promise<ViewRelation> {
  const [older, newer] = one.checkpoint.size <= other.checkpoint.size ? [one, other] : [other, one];
  const { size } = newer.checkpoint;
  const reasons: string[] = [];
  let unreachable = true;
  // A size 0, and equal sizes, need no tiles.
  for (const source of sources.length > 0 ? sources : ['']) {
    const tiles = new Tiles(source, context, silent);
    const [a, b] = sameKey(older.heads, newer.heads) ?? [older.heads[0], newer.heads[0]];
    if (a === undefined || b === undefined) break; // a view has a head
    const relation = await relateHeads(a, b, tiles.of(size));
    context.io.signal.throwIfAborted();
    if (relation.kind === 'consistent') return { kind: 'consistent' };
    if (relation.kind === 'equivocation') {
      const evidence = [relation.evidence, ...(await againstWitnesses(older, newer, tiles.of(size)))];
      return {
        kind: 'equivocation',
        evidence,
        firstDifference: await differAt(older, newer, sources, context, silent),
      };
    }
    if (relation.suspicion === 'cross-key') return { kind: 'unlinked', reason: relation.reason, unreachable: false };
    reasons.push(reasonOf(relation, source));
    unreachable &&= tiles.unreachable;
    if (tiles.unreachable) silent.add(source);
  }
  return { kind: 'unlinked', reason: [...new Set(reasons)].join('; '), unreachable };
}

/** Where a view's own tiles come first, and those of the others after: a witness that is no mirror has none. */
export function sourcesFor(view: View, views: readonly View[]): string[] {
  const larger = views.filter(({ checkpoint }) => checkpoint.size >= view.checkpoint.size);
  return [...new Set([view, ...larger].map(({ url }) => url))];
}

/** Heads of one key in both, if there are any. */
function sameKey(
  older: readonly SignedHead[],
  newer: readonly SignedHead[],
): readonly [SignedHead, SignedHead] | undefined {
  for (const a of older) {
    const b = newer.find(({ key }) => isSameVerifierKey(key, a.key));
    if (b) return [a, b];
  }
  return undefined;
}

/** A witness that cosigned both is guilty, too. */
async function againstWitnesses(older: View, newer: View, read: NodeReader): Promise<Evidence[]> {
  const evidence: Evidence[] = [];
  for (const a of older.cosigned) {
    const b = newer.cosigned.find(({ key }) => isSameVerifierKey(key, a.key));
    const relation = b && (await relateHeads(a, b, read));
    if (relation?.kind === 'equivocation') evidence.push(relation.evidence);
  }
  return evidence;
}

/** Each branch can only be read where somebody shows it. */
async function differAt(
  older: View,
  newer: View,
  sources: readonly string[],
  context: Context,
  silent: Set<string>,
): Promise<bigint | undefined> {
  const tree = ({ url, checkpoint }: View, more: readonly string[]): { head: View['checkpoint']; read: NodeReader }[] =>
    [...new Set([url, ...more])].map((source) => ({
      head: checkpoint,
      read: new Tiles(source, context, silent).of(checkpoint.size),
    }));
  for (const a of tree(older, [])) {
    for (const b of tree(newer, sources)) {
      const index = await firstDifference({ ...a.head, read: a.read }, { ...b.head, read: b.read });
      context.io.signal.throwIfAborted();
      if (index !== undefined) return index;
    }
  }
  return undefined;
}

function reasonOf({ reason }: Relation & { kind: 'unproven' }, source: string): string {
  return reason.includes(source) ? reason : `${source}: ${reason}`;
}

/** The tiles at one address, and whether it answered at all. */
class Tiles {
  #answered = false;
  #failed = false;

  readonly #signal: AbortSignal;

  constructor(
    private readonly url: string,
    { io }: Context,
    private readonly silent: ReadonlySet<string>,
  ) {
    this.#signal = AbortSignal.any([io.signal, AbortSignal.timeout(SOURCE_TIMEOUT_MS)]);
  }

  get unreachable(): boolean {
    return this.#failed && !this.#answered;
  }

  of(size: bigint): NodeReader {
    return tileNodeReader(size, async (level, index, width) => {
      try {
        if (this.silent.has(this.url)) throw new ServiceError('unreachable', `${this.url} did not answer before`);
        const call = { signal: this.#signal, timeoutMs: TILE_TIMEOUT_MS };
        const tile = await fetchTile(this.url, level, index, width, call);
        this.#answered = true;
        return tile;
      } catch (error) {
        // An answer of any kind, as that there is no such tile, is one that can be held against who gave it.
        if (error instanceof ServiceError && error.status !== undefined && error.status < 500) this.#answered = true;
        else this.#failed = true;
        throw error;
      }
    });
  }
}
