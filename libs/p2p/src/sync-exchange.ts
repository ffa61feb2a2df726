import type { GossipContent, SyncItem, SyncVerdict } from './content.js';
import type { FrameStream } from './frames.js';
import {
  SYNC_MAX_ITEMS,
  SYNC_MAX_ITEM_BYTES,
  decodeSyncFrame,
  encodeSyncFrame,
  idFrames,
  requireAscending,
  violation,
  type IdentifiedItem,
  type SyncFrame,
} from './sync-codec.js';
import { MAX_BYTES } from './topics.js';

/** Items are put together to frames of about this size. */
const ITEMS_FRAME_BYTES = 256 * 1024;

/** What an exchange needs of the node. */
export interface SyncParty {
  readonly content: GossipContent;
  readonly binding: Uint8Array;
  /** The other side's binding, empty if it has none. */
  onBinding(note: Uint8Array): void;
  /** One item: judged, counted, published if it is new. */
  onItem(item: SyncItem): Promise<SyncVerdict>;
  /** What this peer has given before in vain: not asked for again for a while. */
  readonly declined: { has(id: string): boolean; add(id: string): void };
  /** In 0..255: where an offer that can't hold everything begins. */
  readonly start: number;
}

export type Frame<T extends SyncFrame['type']> = Extract<SyncFrame, { type: T }>;

export async function send(frames: FrameStream, frame: SyncFrame): Promise<void> {
  await frames.write(encodeSyncFrame(frame));
}

/** The next frame, which must be of one of these types. @throws P2pError protocol-violation */
export async function receive<T extends SyncFrame['type']>(
  frames: FrameStream,
  expected: readonly T[],
): Promise<Frame<T>> {
  const body = await frames.read();
  if (body === undefined) throw violation(`the stream ended where ${expected.join(' or ')} should come`);
  const frame = decodeSyncFrame(body);
  if (!expected.some((type) => type === frame.type)) {
    throw violation(`${frame.type} where ${expected.join(' or ')} should come`);
  }
  return frame as Frame<T>;
}

export async function sendOffer(
  frames: FrameStream,
  buckets: ReadonlySet<number>,
  ids: readonly string[],
): Promise<void> {
  await send(frames, { type: 'offer', buckets, count: ids.length });
  for (const frame of idFrames(ids)) await send(frames, frame);
}

/** Exactly the IDs that were announced, ascending, of the announced buckets. */
export async function receiveIds(frames: FrameStream, offer: Frame<'offer'>): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < offer.count) {
    const frame = await receive(frames, ['ids']);
    if (frame.ids.length === 0 || ids.length + frame.ids.length > offer.count) {
      throw violation(`${ids.length + frame.ids.length} IDs where ${offer.count} were announced`);
    }
    requireAscending(frame.ids, ids.at(-1));
    for (const id of frame.ids) {
      if (!offer.buckets.has(Number.parseInt(id.slice(0, 2), 16))) throw violation(`${id} is of another bucket`);
      ids.push(id);
    }
  }
  return ids;
}

/** The items behind the wanted IDs, within the limits of one exchange. */
export async function giveItems(
  frames: FrameStream,
  content: GossipContent,
  ids: readonly string[],
  offered: ReadonlySet<string>,
): Promise<{ count: number; cut: boolean }> {
  const strange = ids.find((id) => !offered.has(id));
  if (strange !== undefined) throw violation(`${strange} is wanted, but was not offered`);
  let [count, bytes, batchBytes] = [0, 0, 0];
  let batch: IdentifiedItem[] = [];
  for (const id of ids) {
    const found = await content.get(id);
    // Gone, or more than the other side takes.
    if (found === undefined || found.data.length > MAX_BYTES[found.topic]) continue;
    if (bytes + found.data.length > SYNC_MAX_ITEM_BYTES) return { count: await flush(), cut: true };
    batch.push({ id, kind: found.topic, data: found.data });
    bytes += found.data.length;
    batchBytes += found.data.length;
    if (batchBytes >= ITEMS_FRAME_BYTES) await flush();
  }
  return { count: await flush(), cut: false };

  async function flush(): Promise<number> {
    if (batch.length > 0) await send(frames, { type: 'items', items: batch });
    count += batch.length;
    [batch, batchBytes] = [[], 0];
    return count;
  }
}

export interface TakenItems<T extends SyncFrame['type']> {
  readonly count: number;
  /** How many were new; known when all are judged. */
  readonly accepted: Promise<number>;
  /** The other side stopped at the limit of bytes. */
  readonly cut: boolean;
  /** The frame that ended them. */
  readonly last: Frame<T>;
}

/**
 * Wanted items until the frame that ends them. They are judged while others come: judging takes as long as disks take, and
 * the other side's patience is for the network.
 */
export async function takeItems<T extends 'want' | 'done'>(
  frames: FrameStream,
  party: SyncParty,
  wanted: readonly string[],
  end: T,
): Promise<TakenItems<T>> {
  const open = new Set(wanted);
  let [count, bytes] = [0, 0];
  let accepted = Promise.resolve(0);
  for (;;) {
    const frame: SyncFrame = await receive<SyncFrame['type']>(frames, ['items', end]);
    if (frame.type !== 'items') {
      const cut = open.size > 0 && bytes > SYNC_MAX_ITEM_BYTES - MAX_BYTES.evidence;
      return { count, accepted, cut, last: frame as Frame<T> };
    }
    if (frame.items.length === 0) throw violation('a frame of no items');
    for (const item of frame.items) {
      if (!open.delete(item.id)) throw violation(`item ${item.id} was not asked for, or comes twice`);
      bytes += item.data.length;
    }
    if (bytes > SYNC_MAX_ITEM_BYTES) throw violation(`more than ${SYNC_MAX_ITEM_BYTES} bytes of items`);
    count += frame.items.length;
    accepted = accepted.then((before) => judge(frame.items, before));
  }

  async function judge(items: readonly IdentifiedItem[], before: number): Promise<number> {
    let sum = before;
    for (const item of items) {
      const verdict = await party.onItem(item);
      if (verdict === 'accept') sum += 1;
      else if (verdict !== 'later') party.declined.add(item.id);
    }
    return sum;
  }
}

/** What they have and we lack, as much of it as one exchange carries. */
export function wanted(
  theirs: readonly string[],
  held: ReadonlySet<string>,
  { declined }: SyncParty,
): { ids: string[]; cut: boolean } {
  const lacking = theirs.filter((id) => !held.has(id) && !declined.has(id));
  return { ids: lacking.slice(0, SYNC_MAX_ITEMS), cut: lacking.length > SYNC_MAX_ITEMS };
}
