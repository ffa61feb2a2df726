import { equalBytes } from '#libs/crypto';
import type { EventStore, Revision, StoredEvent } from '#libs/event-store';
import { EMPTY_ROOT } from '#libs/merkle';
import type { TileStore } from '#libs/tile-store';
import { openCheckpoint, type FetchTile, type TlogPolicy } from '#libs/tlog';
import type { Logger } from 'pino';
import { DedupeIndex } from './dedupe/dedupe-index.js';
import { checkEventId, logCreated, readCheckpointSigned, readLogCreated } from './events.js';
import { KnownHeads } from './known-heads.js';
import type { WitnessLink } from './witness-links.js';
import { LogError } from './log-error.js';
import type { LogKind } from './log-kind.js';
import { checkpointStates, publishedNote, type Checkpoints } from './sequencer/checkpoints.js';
import { checkMark, type MarkFile } from './sequencer/mark.js';
import type { PublishedCheckpoint } from './sequencer/publications.js';
import { NEW_TREE, Tree } from './sequencer/tree.js';
import { resume, type Resumed, type SnapshotFile } from './snapshot.js';

/** A log can be created only this close to its inception: an emptied disk doesn't begin a second history. */
const INCEPTION_WINDOW_MS = 24 * 60 * 60 * 1000;
/** Events are integrated in steps of this many. */
const FOLD_EVENTS = 64;

export interface RecoveryParts<Submission> {
  readonly kind: LogKind<Submission>;
  readonly origin: string;
  readonly inception: Date;
  readonly store: EventStore;
  /** Other logs may be in it: a cluster, and not a file of this log. */
  readonly isSharedStore: boolean;
  readonly stream: string;
  readonly checkpointStream: string;
  readonly tiles: TileStore;
  readonly fetchTile: FetchTile;
  readonly snapshot: SnapshotFile;
  readonly dedupeDirectory: string;
  readonly mark: MarkFile;
  readonly policy: TlogPolicy | undefined;
  readonly witnesses: readonly WitnessLink[];
  readonly logger: Logger;
  readonly now: () => number;
}

export interface Recovered<Submission> {
  readonly tree: Tree<Submission>;
  readonly dedupe: DedupeIndex;
  readonly checkpoints: Checkpoints;
  readonly published: PublishedCheckpoint | undefined;
  readonly heads: KnownHeads<Submission>;
}

/**
 * Brings a log to where its events say it is, before it listens or signs: from the last snapshot on, every entry is hashed
 * again, every tile held against the file, every signed root against the entries; then the mark, the published checkpoint
 * and the witnesses are asked whether they know more. Whatever doesn't fit stops the start, and is left as it is for its
 * operator to see.
 * @throws LogError, TileStoreError tile-differs
 */
export async function recover<Submission>(parts: RecoveryParts<Submission>): Promise<Recovered<Submission>> {
  const { store, stream, checkpointStream, mark } = parts;
  if (!parts.isSharedStore) await expectOwnStore(parts);
  const marked = await mark.read();
  if ((await store.head(stream)) === 'no_stream') {
    const signed = (await store.head(checkpointStream)) !== 'no_stream';
    checkMark(marked, { size: 0n, signed, rootAt: (size) => (size === 0n ? EMPTY_ROOT : undefined) });
    await create(parts);
  }
  await checkLogCreated(parts);
  const { tree, dedupe, checkpoints } = await fold(parts, marked?.size);
  const heads = new KnownHeads({ ...parts, tree });
  const markedRoot = marked && marked.size <= tree.size ? await heads.rootAt(marked.size) : undefined;
  checkMark(marked, { size: tree.size, signed: checkpoints.signed !== undefined, rootAt: () => markedRoot });
  const published = publishedCheckpoint(checkpoints);
  await checkPublished(parts, heads, published);
  await heads.ask();
  return { tree, dedupe, checkpoints, published, heads };
}

/** A file holds one log: another key or origin means another stream, and would begin a second log in its folder. */
async function expectOwnStore<Submission>({ store, stream, origin }: RecoveryParts<Submission>): Promise<void> {
  for await (const event of store.readAll({ streamPrefix: 'log-', limit: 1 })) {
    if (event.stream !== stream) {
      throw new LogError(
        'other-log',
        `the store holds ${event.stream}, which is not ${origin} with the configured key`,
      );
    }
  }
}

async function create<Submission>({
  kind,
  origin,
  inception,
  store,
  stream,
  now,
}: RecoveryParts<Submission>): Promise<void> {
  if (Math.abs(now() - inception.getTime()) > INCEPTION_WINDOW_MS) {
    const when = inception.toISOString();
    throw new LogError(
      'not-yet',
      `the log ${origin} doesn't exist here, and can be created only within a day of its inception ${when}`,
    );
  }
  await store.append(stream, 'no_stream', [logCreated(stream, { origin, kind: kind.name })]);
}

/**
 * The tree of all events, from the snapshot on where there is a good one. Missing tiles are written, and the root is held
 * against every one that was signed: both streams are read side by side, as neither fits into memory for ever.
 */
async function fold<Submission>(
  parts: RecoveryParts<Submission>,
  markedSize: bigint | undefined,
): Promise<{ tree: Tree<Submission>; dedupe: DedupeIndex; checkpoints: Checkpoints }> {
  const { store, stream, checkpointStream, tiles, kind } = parts;
  const resumed = await resumeFromSnapshot(parts);
  const { state, dedupe } = resumed ?? { state: NEW_TREE, dedupe: await DedupeIndex.create(parts.dedupeDirectory) };
  const tree = new Tree<Submission>(kind, dedupe, state);
  const states = checkpointStates(store, checkpointStream, resumed?.checkpointRevision ?? 0n);
  let checkpoints: Checkpoints = { revision: 'no_stream' };
  let next = await states.next();
  const compare = async (): Promise<void> => {
    const root = tree.root();
    let partial = tree.size === markedSize;
    for (; !next.done && (next.value.signed?.size ?? 0n) <= tree.size; next = await states.next()) {
      const { signed } = (checkpoints = next.value);
      if (!signed || signed.size < tree.size || !equalBytes(signed.root, root)) throw rootDiffers(signed?.size ?? 0n);
      partial = true;
    }
    if (partial) await tiles.writePartial(tree.files().partial); // after a power cut these may be torn
  };
  const writeFull = async (): Promise<void> => {
    const { full } = tree.files();
    await tiles.writeFull(full);
    tree.forgetFiles(full.length);
  };
  await compare();
  let count = 0;
  for await (const event of store.readStream(stream, { from: state.revision + 1n })) {
    checkEventId(event);
    tree.apply([event]);
    await compare();
    if (++count % FOLD_EVENTS === 0) await writeFull();
  }
  await writeFull();
  // Signed beyond the end of the store: where the mark knows it as well, it has the better message.
  for (; !next.done; next = await states.next()) {
    checkpoints = next.value;
    if ((markedSize ?? 0n) <= tree.size) throw rootDiffers(checkpoints.signed?.size ?? 0n);
  }
  return { tree, dedupe, checkpoints };
}

function rootDiffers(size: bigint): LogError {
  return new LogError(
    'signed-root-differs',
    `the entries in the store don't lead to the root that was signed at size ${size}`,
  );
}

async function checkLogCreated<Submission>({ store, stream, origin, kind }: RecoveryParts<Submission>): Promise<void> {
  let first: StoredEvent | undefined;
  for await (const event of store.readStream(stream, { limit: 1 })) first = event;
  if (!first) throw new LogError('gap', `${stream} has no event`);
  const created = readLogCreated(first);
  if (created.origin !== origin || created.kind !== kind.name) {
    throw new LogError(
      'other-log',
      `the store holds the ${created.kind} log ${created.origin}, it should hold the ${kind.name} log ${origin}`,
    );
  }
}

/** A snapshot has to be of a size that was signed, and to have the root that was signed there. */
async function resumeFromSnapshot<Submission>(
  parts: RecoveryParts<Submission>,
): Promise<(Resumed & { readonly checkpointRevision: Revision }) | undefined> {
  const { kind, fetchTile, tiles, dedupeDirectory, logger, store, checkpointStream } = parts;
  const snapshot = await parts.snapshot.read(logger);
  if (!snapshot) return undefined;
  const { checkpointRevision } = snapshot;
  let event: StoredEvent | undefined;
  for await (const found of store.readStream(checkpointStream, { from: checkpointRevision, limit: 1 })) event = found;
  const signed = event && readCheckpointSigned(event);
  if (signed?.size !== snapshot.size || !equalBytes(signed.root, snapshot.root)) {
    const what = `the snapshot has a root at size ${snapshot.size} that this log has not signed`;
    throw new LogError('snapshot-differs', `${what}: it is of another history`);
  }
  const readFile = (path: string): Promise<Uint8Array | undefined> => tiles.read(path);
  const resumed = await resume(snapshot, { kind, fetchTile, readFile, dedupeDirectory, logger });
  return resumed && { ...resumed, checkpointRevision };
}

function publishedCheckpoint(checkpoints: Checkpoints): PublishedCheckpoint | undefined {
  const { publishedAs } = checkpoints;
  const note = publishedNote(checkpoints);
  return note && publishedAs && { size: publishedAs.size, root: publishedAs.root, note };
}

/** The checkpoint that readers have seen may not be ahead of the store; one that is behind is brought up to date. */
async function checkPublished<Submission>(
  { tiles, kind }: RecoveryParts<Submission>,
  heads: KnownHeads<Submission>,
  published: PublishedCheckpoint | undefined,
): Promise<void> {
  const note = await tiles.readCheckpoint();
  if (note) await heads.check('the published checkpoint', openCheckpoint(note, [kind.noteVerifier]).checkpoint);
  if (published) await tiles.writeCheckpoint(published.note);
}
