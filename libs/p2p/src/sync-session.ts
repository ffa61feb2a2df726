import type { FrameStream } from './frames.js';
import { Inventory } from './inventory.js';
import { SYNC_MAX_ITEMS, violation } from './sync-codec.js';
import { giveItems, receive, receiveIds, send, sendOffer, takeItems, wanted, type SyncParty } from './sync-exchange.js';

export interface SyncResult {
  readonly outcome: 'equal' | 'exchanged' | 'busy';
  readonly sent: number;
  readonly received: number;
  readonly accepted: number;
  /** Something was left out: a limit was reached. */
  readonly more: boolean;
}

const NOTHING: SyncResult = { outcome: 'equal', sent: 0, received: 0, accepted: 0, more: false };

/** The side that asks for an exchange: A in the protocol. @throws P2pError */
export async function beginSync(frames: FrameStream, party: SyncParty): Promise<SyncResult> {
  const mine = new Inventory(party.content.ids());
  await send(frames, { type: 'hello', binding: party.binding, digests: mine.digests });
  const hello = await receive(frames, ['hello', 'busy']);
  if (hello.type === 'busy') return { ...NOTHING, outcome: 'busy' };
  party.onBinding(hello.binding);
  const differing = mine.differing(hello.digests);
  if (differing.length === 0) return NOTHING;

  const buckets = mine.offerable(differing, party.start);
  const ids = mine.idsIn(buckets);
  await sendOffer(frames, buckets, ids);

  const offer = await receive(frames, ['offer']);
  if (offer.count > SYNC_MAX_ITEMS)
    throw violation(`${offer.count} IDs were offered in answer, over ${SYNC_MAX_ITEMS}`);
  const theirs = await receiveIds(frames, offer);
  const asked = await receive(frames, ['want']);
  const offered = new Set(ids);
  const given = await giveItems(frames, party.content, asked.ids, offered);
  const want = wanted(theirs, offered, party);
  await send(frames, { type: 'want', ids: want.ids });
  const taken = await takeItems(frames, party, want.ids, 'done');
  return {
    outcome: 'exchanged',
    sent: given.count,
    received: taken.count,
    accepted: await taken.accepted,
    // The other side can't say that it had more; but when it offers or asks for all that it may, it probably had.
    more:
      [want.cut, given.cut, taken.cut, buckets.size < differing.length].includes(true) ||
      Math.max(theirs.length, asked.ids.length) === SYNC_MAX_ITEMS,
  };
}

/** The side that is asked: B in the protocol. @throws P2pError */
export async function answerSync(frames: FrameStream, party: SyncParty): Promise<SyncResult> {
  const hello = await receive(frames, ['hello']);
  party.onBinding(hello.binding);
  const mine = new Inventory(party.content.ids());
  await send(frames, { type: 'hello', binding: party.binding, digests: mine.digests });
  if (mine.differing(hello.digests).length === 0) return NOTHING;

  const offer = await receive(frames, ['offer']);
  const theirs = await receiveIds(frames, offer);
  const known = new Set(theirs);
  const held = mine.idsIn(offer.buckets);
  const extra = held.filter((id) => !known.has(id));
  const offered = extra.slice(0, SYNC_MAX_ITEMS);
  const want = wanted(theirs, new Set(held), party);
  await sendOffer(frames, offer.buckets, offered);
  await send(frames, { type: 'want', ids: want.ids });

  const taken = await takeItems(frames, party, want.ids, 'want');
  const given = await giveItems(frames, party.content, taken.last.ids, new Set(offered));
  await send(frames, { type: 'done' });
  return {
    outcome: 'exchanged',
    sent: given.count,
    received: taken.count,
    accepted: await taken.accepted,
    more: [offered.length < extra.length, want.cut, given.cut, taken.cut].includes(true),
  };
}
