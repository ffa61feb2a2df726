import { equalBytes } from '#libs/crypto';
import { openCheckpoint } from '#libs/tlog';
import type { CheckpointSigned } from '../events.js';
import { LogError } from '../log-error.js';
import { checkpointStates, type Checkpoints } from '../sequencer/checkpoints.js';
import { Tree, type EntryIndex, type TreeFile } from '../sequencer/tree.js';
import type { OfflineLog } from './offline-log.js';

/** Events are integrated in steps of this many. */
const STEP_EVENTS = 64;

/** What the derivation of a whole log comes upon, in order. */
export type Derived =
  | { readonly kind: 'full'; readonly files: readonly TreeFile[] }
  /** A size that was signed, with the partial files that go with it. */
  | { readonly kind: 'signed'; readonly signed: CheckpointSigned; readonly partial: readonly TreeFile[] }
  | {
      readonly kind: 'end';
      readonly size: bigint;
      readonly checkpoints: Checkpoints;
      readonly partial: readonly TreeFile[];
    };

const NOBODY: EntryIndex = { find: () => undefined, add: () => undefined };

/**
 * Everything that a log's events say, from the first one on, with nothing taken from snapshots or files: tiles, bundles and
 * the roots at the sizes that were signed, each signature verified on the way.
 * @throws LogError signed-root-differs, gap, unknown-event at the first place where the events don't agree
 */
export async function* derive({
  kind,
  store,
  stream,
  checkpointStream,
  origin,
}: OfflineLog): AsyncGenerator<Derived, void, undefined> {
  const tree = new Tree(kind, NOBODY);
  const states = checkpointStates(store, checkpointStream, 0n);
  let next = await states.next();
  let checkpoints: Checkpoints = { revision: 'no_stream' };
  async function* signedHere(): AsyncGenerator<Derived, void, undefined> {
    for (; !next.done && (next.value.signed?.size ?? 0n) <= tree.size; next = await states.next()) {
      const before = checkpoints.signed;
      checkpoints = next.value;
      const { signed } = checkpoints;
      if (!signed || signed === before) continue; // a publication
      checkSigned(signed);
      yield { kind: 'signed', signed, partial: tree.files().partial };
    }
  }
  function checkSigned({ size, root, note }: CheckpointSigned): void {
    const { checkpoint } = openCheckpoint(note, [kind.noteVerifier]);
    const agrees = checkpoint.origin === origin && checkpoint.size === size && equalBytes(checkpoint.root, root);
    if (!agrees || size !== tree.size || !equalBytes(root, tree.root())) {
      throw new LogError(
        'signed-root-differs',
        `the entries don't lead to the checkpoint that was signed at size ${size}`,
      );
    }
  }
  yield* signedHere();
  let count = 0;
  for await (const event of store.readStream(stream, { from: 1n })) {
    tree.apply([event]);
    yield* signedHere();
    if (++count % STEP_EVENTS === 0) yield takeFull(tree);
  }
  yield takeFull(tree);
  if (!next.done) {
    const size = next.value.signed?.size;
    throw new LogError(
      'signed-root-differs',
      `a checkpoint of size ${size} was signed, the store has ${tree.size} entries`,
    );
  }
  yield { kind: 'end', size: tree.size, checkpoints, partial: tree.files().partial };
}

function takeFull(tree: Tree<never>): Derived {
  const { full } = tree.files();
  tree.forgetFiles(full.length);
  return { kind: 'full', files: full };
}
