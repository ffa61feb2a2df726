import { equalBytes } from '#libs/crypto';
import { fetchCosignedCheckpoint, ServiceError } from '#libs/client';
import type { EventStore, NewEvent, Revision } from '#libs/event-store';
import { EMPTY_ROOT } from '#libs/merkle';
import { parseSignatureLines } from '#libs/note';
import type { TileStore } from '#libs/tile-store';
import { edgeFromTiles, edgeRoot, openCheckpoint, type Checkpoint, type FetchTile, type TlogPolicy } from '#libs/tlog';
import { utf8Decode } from '#libs/crypto';
import type { Logger } from 'pino';
import { EVENT, logCreated, readLogCreated } from './events.js';
import { LogError } from './log-error.js';
import type { LogKind } from './log-kind.js';
import { followCheckpoints, type Checkpoints } from './sequencer/checkpoints.js';
import { withCosignatures } from './sequencer/checkpointer.js';
import { checkMark, type MarkFile } from './sequencer/mark.js';
import type { PublishedCheckpoint } from './sequencer/publications.js';
import { Tree } from './sequencer/tree.js';

/** A log can be created only this close to its inception: an emptied disk doesn't begin a second history. */
const INCEPTION_WINDOW_MS = 24 * 60 * 60 * 1000;
/** Events are integrated in steps of this many. */
const FOLD_EVENTS = 64;
const WITNESS_TIMEOUT_MS = 2_000;

export interface RecoveryParts<Submission> {
  readonly kind: LogKind<Submission>;
  readonly origin: string;
  readonly inception: Date;
  readonly store: EventStore;
  readonly stream: string;
  readonly checkpointStream: string;
  readonly tiles: TileStore;
  readonly fetchTile: FetchTile;
  readonly mark: MarkFile;
  readonly policy: TlogPolicy | undefined;
  readonly logger: Logger;
  readonly now: () => number;
}

export interface Recovered<Submission> {
  readonly tree: Tree<Submission>;
  readonly revision: Revision;
  readonly checkpoints: Checkpoints;
  readonly published: PublishedCheckpoint | undefined;
}

/**
 * Brings a log to where its events say it is, before it listens or signs: every entry is hashed again, every tile held
 * against the file, every signed root against the entries; then the mark, the published checkpoint and the witnesses are
 * asked whether they know more. Whatever doesn't fit stops the start, and is left as it is for its operator to see.
 * @throws LogError, TileStoreError tile-differs
 */
export async function recover<Submission>(parts: RecoveryParts<Submission>): Promise<Recovered<Submission>> {
  const { store, checkpointStream, mark } = parts;
  await expectOwnStore(parts);
  const roots = new Map<bigint, Uint8Array>([[0n, EMPTY_ROOT]]);
  const signedRoots = new Map<bigint, Uint8Array>();
  const checkpoints = await followCheckpoints(store, checkpointStream, { revision: 'no_stream' }, ({ size, root }) => {
    const other = signedRoots.get(size);
    if (other && !equalBytes(other, root))
      throw new LogError('signed-root-differs', `two roots were signed at size ${size}`);
    signedRoots.set(size, root);
  });
  const marked = await mark.read();
  const sizes = new Set([...signedRoots.keys(), ...(marked ? [marked.size] : [])]);
  const { tree, revision } = await fold(parts, sizes, roots);
  for (const [size, root] of signedRoots) {
    const found = roots.get(size);
    if (!found || !equalBytes(found, root)) {
      throw new LogError(
        'signed-root-differs',
        `the entries in the store don't lead to the root that was signed at size ${size}`,
      );
    }
  }
  checkMark(marked, { size: tree.size, signed: signedRoots.size > 0, rootAt: (size) => roots.get(size) });
  const known = revision ?? (await create(parts));
  const published = publishedCheckpoint(checkpoints, roots);
  await checkPublished(parts, tree.size, roots, published);
  await checkWitnesses(parts, tree.size, roots);
  return { tree, revision: known, checkpoints, published };
}

/** One store holds one log: another key or origin means another stream, and would begin a second log in its folder. */
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

/** Integrates all events, writes the tiles that are missing, and notes the root at each size that may have been signed. */
async function fold<Submission>(
  { kind, origin, store, stream, tiles }: RecoveryParts<Submission>,
  sizes: ReadonlySet<bigint>,
  roots: Map<bigint, Uint8Array>,
): Promise<{ tree: Tree<Submission>; revision: Revision | undefined }> {
  const tree = new Tree<Submission>(kind);
  let revision: Revision | undefined;
  let pending: NewEvent[] = [];
  const integrate = async (): Promise<void> => {
    for (const event of pending.splice(0)) {
      tree.apply([event]);
      if (!sizes.has(tree.size)) continue;
      roots.set(tree.size, tree.root());
      await tiles.writePartial(tree.files().partial); // these could be read, and may be torn
    }
    const { full } = tree.files();
    await tiles.writeFull(full);
    tree.forgetFiles(full.length);
  };
  for await (const event of store.readStream(stream)) {
    if (event.revision === 0n) {
      const created = readLogCreated(event);
      if (created.origin !== origin || created.kind !== kind.name) {
        throw new LogError(
          'other-log',
          `the store holds the ${created.kind} log ${created.origin}, it should hold the ${kind.name} log ${origin}`,
        );
      }
    } else if (event.type === EVENT.entriesSequenced) {
      pending.push(event);
      if (pending.length >= FOLD_EVENTS) await integrate();
    } else {
      throw new LogError(
        'unknown-event',
        `event ${event.revision} of ${stream} is a ${event.type}, which this version doesn't know`,
      );
    }
    revision = event.revision;
  }
  await integrate();
  pending = [];
  return { tree, revision };
}

async function create<Submission>({
  kind,
  origin,
  inception,
  store,
  stream,
  now,
}: RecoveryParts<Submission>): Promise<Revision> {
  if (Math.abs(now() - inception.getTime()) > INCEPTION_WINDOW_MS) {
    const when = inception.toISOString();
    throw new LogError(
      'not-yet',
      `the log ${origin} doesn't exist here, and can be created only within a day of its inception ${when}`,
    );
  }
  const { last } = await store.append(stream, 'no_stream', [logCreated(stream, { origin, kind: kind.name })]);
  return last;
}

function publishedCheckpoint(
  { published, publishedNote }: Checkpoints,
  roots: ReadonlyMap<bigint, Uint8Array>,
): PublishedCheckpoint | undefined {
  const root = published && roots.get(published.size);
  if (!published || !publishedNote || !root) return undefined;
  const cosignatures = published.cosignatures.length > 0 ? parseSignatureLines(utf8Decode(published.cosignatures)) : [];
  return { size: published.size, root, note: withCosignatures(publishedNote, cosignatures) };
}

/** The checkpoint that readers have seen may not be ahead of the store; one that is behind is brought up to date. */
async function checkPublished<Submission>(
  parts: RecoveryParts<Submission>,
  size: bigint,
  roots: ReadonlyMap<bigint, Uint8Array>,
  published: PublishedCheckpoint | undefined,
): Promise<void> {
  const note = await parts.tiles.readCheckpoint();
  if (note)
    await checkHead(
      parts,
      'the published checkpoint',
      openCheckpoint(note, [parts.kind.noteVerifier]).checkpoint,
      size,
      roots,
    );
  if (published) await parts.tiles.writeCheckpoint(published.note);
}

/** A witness that knows a head signed by this key which isn't in this store has seen another history. */
async function checkWitnesses<Submission>(
  parts: RecoveryParts<Submission>,
  size: bigint,
  roots: ReadonlyMap<bigint, Uint8Array>,
): Promise<void> {
  const asked = (parts.policy?.witnesses ?? []).map(async ({ name, url }) => {
    if (url === undefined) return;
    try {
      const note = await fetchCosignedCheckpoint(url, parts.origin, { timeoutMs: WITNESS_TIMEOUT_MS });
      if (!note) return;
      await checkHead(
        parts,
        `witness ${name}`,
        openCheckpoint(note, [parts.kind.noteVerifier]).checkpoint,
        size,
        roots,
      );
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      parts.logger.warn({ witness: name, code: error.code }, 'a witness could not be asked what it knows');
    }
  });
  await Promise.all(asked);
}

/** @throws LogError published-ahead, published-differs */
async function checkHead<Submission>(
  { origin, fetchTile }: RecoveryParts<Submission>,
  who: string,
  head: Checkpoint,
  size: bigint,
  roots: ReadonlyMap<bigint, Uint8Array>,
): Promise<void> {
  if (head.origin !== origin || head.size > size) {
    const ours = `the store of ${origin} has ${size} entries`;
    throw new LogError(
      'published-ahead',
      `${who} knows a head of ${head.origin} with ${head.size} entries, ${ours}: it was restored from an older copy, or the key signs elsewhere`,
    );
  }
  const root =
    roots.get(head.size) ?? (head.size === 0n ? EMPTY_ROOT : edgeRoot(await edgeFromTiles(head.size, fetchTile)));
  if (!equalBytes(root, head.root)) {
    throw new LogError('published-differs', `${who} knows another root at size ${head.size}, signed by this log's key`);
  }
}
