import {
  MIRROR_INFO_TYPE,
  TlogError,
  formatMirrorInfo,
  type AddEntriesHeader,
  type AddEntriesReader,
  type ReadPackage,
} from '#libs/tlog';
import type { PendingCheckpoint } from './mirror-events.js';
import type { MirroredLog } from './mirrored-log.js';
import type { Tickets } from './tickets.js';

/** An answer to tlog-mirror `add-entries`, by its status. */
export type AddEntriesAnswer =
  | { readonly status: 200; /** Our signature lines. */ readonly body: string }
  | { readonly status: 202 | 409; /** text/x.tlog.mirror-info. */ readonly body: string }
  | { readonly status: 400 | 404 | 422; /** The reason. */ readonly body: string };

export const ANSWER_TYPES: Readonly<Record<AddEntriesAnswer['status'], string>> = {
  200: 'text/plain; charset=utf-8',
  202: MIRROR_INFO_TYPE,
  409: MIRROR_INFO_TYPE,
  400: 'text/plain; charset=utf-8',
  404: 'text/plain; charset=utf-8',
  422: 'text/plain; charset=utf-8',
};

/** tlog-mirror: 32 packages are what clients should send; nobody who sends more is made to send them again. */
const MAX_PACKAGES = 64;
/** Entries that are held already, and are sent and verified all the same: two requests' worth. */
const EXCESS_ENTRIES = 2n * 8192n;
/** Packages are saved together, as they share the fsyncs of their directories; that much waits in memory for it. */
const BATCH_PACKAGES = 16;
const BATCH_BYTES = 1024 * 1024;

/** Takes an upload in: tlog-mirror, "add-entries", Processing. @throws what the body throws, MirrorError, TileStoreError, EventStoreError */
export async function addEntries(
  reader: AddEntriesReader,
  logOf: (origin: string) => MirroredLog | undefined,
  tickets: Tickets,
): Promise<AddEntriesAnswer> {
  const header = await readHeader(reader);
  if (header instanceof TlogError) return { status: 400, body: header.message };
  const log = logOf(header.origin);
  if (log === undefined) return { status: 404, body: 'the origin is not mirrored here' };
  const pending = await log.pending();
  if (pending === undefined)
    return { status: 422, body: 'no checkpoint of this log is pending: add-checkpoint comes first' };

  const head = await findHead(header, log, pending, tickets);
  const conflict = async (known: PendingCheckpoint = pending): Promise<AddEntriesAnswer> => ({
    status: 409,
    body: await infoOf(known, log, tickets),
  });
  if (head === undefined) return conflict();
  const frozen = log.refuses(head);
  if (frozen !== undefined) return { status: 404, body: frozen };
  if (head.checkpoint.size < ((await log.cosigned())?.size ?? 0n)) return conflict();
  const next = await log.nextEntry();
  if (header.start > next) return conflict(head);
  const excess = (header.end < next ? header.end : next) - header.start;
  if (excess > EXCESS_ENTRIES) return conflict(head);

  const taken = await takePackages(reader, header, head, log);
  if (taken.problem !== undefined) {
    if (taken.reached > header.start) await log.recordProgress();
    return { status: taken.malformed && taken.reached === header.start ? 400 : 422, body: taken.problem };
  }
  if (taken.reached < header.end) {
    if (taken.reached === header.start) return { status: 400, body: 'the body ends before its first package does' };
    await log.recordProgress();
    return { status: 202, body: await infoOf(head, log, tickets) };
  }
  const committed = await log.commit(head);
  if (committed.kind === 'overtaken') return conflict((await log.pending()) ?? pending);
  if (committed.kind === 'frozen') return { status: 404, body: committed.reason };
  return { status: 200, body: committed.lines };
}

interface Taken {
  /** Verified and saved up to here. */
  readonly reached: bigint;
  readonly problem?: string;
  /** The problem is one of form: what came before it counts. */
  readonly malformed?: boolean;
}

async function takePackages(
  reader: AddEntriesReader,
  header: AddEntriesHeader,
  { checkpoint }: PendingCheckpoint,
  log: MirroredLog,
): Promise<Taken> {
  let reached = header.start;
  let batch: ReadPackage[] = [];
  let bytes = 0;
  const save = async (): Promise<string | undefined> => {
    const saving = batch;
    batch = [];
    bytes = 0;
    const { verified, problem } = await log.addPackages(checkpoint, saving);
    reached = saving[verified - 1]?.range.end ?? reached;
    return problem;
  };
  const packages = reader.packages(header);
  for (let count = 1; count <= MAX_PACKAGES; count++) {
    const next = await nextPackage(packages);
    if (next.package !== undefined) {
      batch.push(next.package);
      bytes += next.package.entries.reduce((sum, { length }) => sum + length, 0);
      if (batch.length < BATCH_PACKAGES && bytes < BATCH_BYTES && count < MAX_PACKAGES) continue;
    }
    const problem = await save();
    if (problem !== undefined) return { reached, problem };
    if (next.package !== undefined) continue;
    // tlog-mirror: partial bytes after the last whole package are discarded; it does not matter why there are no more.
    if (next.ended === undefined || reached > header.start) break;
    if (next.ended instanceof TlogError) return { reached, problem: next.ended.message, malformed: true };
    throw next.ended;
  }
  return { reached };
}

/** The next package, or why there is none: undefined at the end of the body. */
async function nextPackage(
  packages: AsyncGenerator<ReadPackage, void>,
): Promise<{ readonly package?: ReadPackage; readonly ended?: unknown }> {
  try {
    const { done, value } = await packages.next();
    return done ? {} : { package: value };
  } catch (ended) {
    return { ended };
  }
}

async function readHeader(reader: AddEntriesReader): Promise<AddEntriesHeader | TlogError> {
  try {
    return await reader.header();
  } catch (error) {
    if (error instanceof TlogError) return error;
    throw error;
  }
}

/** The checkpoint that an upload leads to: the pending one, one of a ticket, or the mirror checkpoint. */
async function findHead(
  { origin, end, ticket }: AddEntriesHeader,
  log: MirroredLog,
  pending: PendingCheckpoint,
  tickets: Tickets,
): Promise<PendingCheckpoint | undefined> {
  if (pending.checkpoint.size === end) return pending;
  const ticketed = tickets.open(origin, ticket);
  if (ticketed?.checkpoint.size === end) return ticketed;
  return log.mirrorCheckpoint(end);
}

/** Where to go on: towards `known`, unless others have brought more than that meanwhile. */
async function infoOf(known: PendingCheckpoint, log: MirroredLog, tickets: Tickets): Promise<string> {
  const nextEntry = await log.nextEntry();
  const newest = nextEntry > known.checkpoint.size ? await log.pending() : undefined;
  const head = newest ?? known;
  return formatMirrorInfo({ size: head.checkpoint.size, nextEntry, ticket: tickets.issue(head) });
}
