import { toHex } from '#crypto';
import { ByteReader, BytesError, concatBytes, u16, u32 } from '#libs/crypto';
import type { SyncItem, SyncKind } from './content.js';
import { P2pError } from './p2p-error.js';
import { MAX_BYTES } from './topics.js';

// /tallystick/sync/1. Each frame's body is a type and a value; integers are big-endian.
//
//   hello  1  u16 n, binding (n bytes), 256 digests of 8 bytes
//   offer  2  32 bytes: bit b = bucket b is meant; u32 how many IDs follow
//   ids    3  IDs of 24 bytes, strictly ascending over all frames of the offer
//   want   4  IDs of 24 bytes out of the other side's offer, strictly ascending
//   items  5  (ID, u8 kind, u32 n, n bytes)…, only of wanted IDs, in their order; what is gone is left out
//   done   6
//   busy   7
//
//   A → B  hello              B → A  hello | busy
//   if the digests are equal both end, else
//   A → B  offer ids…         (all that A has in the buckets that differ)
//   B → A  offer ids… want    (what A lacks; what B lacks)
//   A → B  items… want
//   B → A  items… done
//
// Nothing but IDs comes unasked, so each side sets the price of its own side.

export const SYNC_PROTOCOL = '/tallystick/sync/1';
export const SYNC_FRAME_MAX_BYTES = 1 << 20;
export const BUCKETS = 256;
export const DIGEST_BYTES = 8;
export const ID_BYTES = 24;
/** In one offer. More differ → the rest comes in the next exchange. */
export const SYNC_MAX_IDS = 65_536;
/** In one direction of one exchange. */
export const SYNC_MAX_ITEMS = 8_192;
export const SYNC_MAX_ITEM_BYTES = 8 << 20;
const IDS_PER_FRAME = 16_384;
const BINDING_BYTES = 8 * 1024;
const BITMAP_BYTES = BUCKETS / 8;

const KINDS = ['checkpoint', 'evidence', 'cosigned'] as const satisfies readonly SyncKind[];

/** An item, and the ID under which it was offered. Whether the ID is the item's own is for its content to say. */
export interface IdentifiedItem extends SyncItem {
  readonly id: string;
}

export type SyncFrame =
  | { readonly type: 'hello'; readonly binding: Uint8Array; readonly digests: Uint8Array }
  | { readonly type: 'offer'; readonly buckets: ReadonlySet<number>; readonly count: number }
  | { readonly type: 'ids'; readonly ids: readonly string[] }
  | { readonly type: 'want'; readonly ids: readonly string[] }
  | { readonly type: 'items'; readonly items: readonly IdentifiedItem[] }
  | { readonly type: 'done' }
  | { readonly type: 'busy' };

export function encodeSyncFrame(frame: SyncFrame): Uint8Array {
  switch (frame.type) {
    case 'hello':
      return concatBytes(Uint8Array.of(1), u16(frame.binding.length), frame.binding, frame.digests);
    case 'offer': {
      const bitmap = new Uint8Array(BITMAP_BYTES);
      for (const bucket of frame.buckets) bitmap[bucket >> 3] = (bitmap[bucket >> 3] ?? 0) | (1 << (bucket & 7));
      return concatBytes(Uint8Array.of(2), bitmap, u32(frame.count));
    }
    case 'ids':
      return concatBytes(Uint8Array.of(3), idBytes(frame.ids));
    case 'want':
      return concatBytes(Uint8Array.of(4), idBytes(frame.ids));
    case 'items':
      return concatBytes(
        Uint8Array.of(5),
        ...frame.items.flatMap(({ id, kind, data }) => [
          idBytes([id]),
          Uint8Array.of(KINDS.indexOf(kind)),
          u32(data.length),
          data,
        ]),
      );
    case 'done':
      return Uint8Array.of(6);
    case 'busy':
      return Uint8Array.of(7);
  }
}

/** @throws P2pError protocol-violation */
export function decodeSyncFrame(body: Uint8Array): SyncFrame {
  try {
    const reader = new ByteReader(body);
    const type = reader.u8();
    switch (type) {
      case 1: {
        const length = reader.u16();
        if (length > BINDING_BYTES) throw violation(`a binding of ${length} bytes`);
        const binding = reader.take(length);
        const digests = reader.take(BUCKETS * DIGEST_BYTES);
        reader.end();
        return { type: 'hello', binding, digests };
      }
      case 2: {
        const bitmap = reader.take(BITMAP_BYTES);
        const count = reader.u32();
        reader.end();
        if (count > SYNC_MAX_IDS) throw violation(`${count} IDs were announced, over ${SYNC_MAX_IDS}`);
        return { type: 'offer', buckets: bucketsOf(bitmap), count };
      }
      case 3:
        return { type: 'ids', ids: parseIds(body.subarray(1), IDS_PER_FRAME) };
      case 4:
        return { type: 'want', ids: parseIds(body.subarray(1), SYNC_MAX_ITEMS) };
      case 5:
        return { type: 'items', items: parseItems(reader) };
      case 6:
      case 7:
        reader.end();
        return { type: type === 6 ? 'done' : 'busy' };
      default:
        throw violation(`a frame of type ${type}`);
    }
  } catch (cause) {
    if (cause instanceof BytesError) throw violation(cause.message, { cause });
    throw cause;
  }
}

/** Frames of IDs that each stay well under the limit. */
export function* idFrames(ids: readonly string[]): Generator<SyncFrame> {
  for (let at = 0; at < ids.length; at += IDS_PER_FRAME) yield { type: 'ids', ids: ids.slice(at, at + IDS_PER_FRAME) };
}

export function violation(problem: string, options?: ErrorOptions): P2pError {
  return new P2pError('protocol-violation', `sync: ${problem}`, options);
}

function idBytes(ids: readonly string[]): Uint8Array {
  return Buffer.from(ids.join(''), 'hex');
}

function parseIds(bytes: Uint8Array, max: number): string[] {
  const count = bytes.length / ID_BYTES;
  if (!Number.isInteger(count) || count > max) throw violation(`${bytes.length} bytes of IDs`);
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  const ids = Array.from({ length: count }, (_, at) => hex.slice(at * ID_BYTES * 2, (at + 1) * ID_BYTES * 2));
  requireAscending(ids);
  return ids;
}

/** No ID twice, and one encoding of each set. */
export function requireAscending(ids: readonly string[], after = ''): void {
  let last = after;
  for (const id of ids) {
    if (id <= last) throw violation('IDs out of order');
    last = id;
  }
}

function parseItems(reader: ByteReader): IdentifiedItem[] {
  const items: IdentifiedItem[] = [];
  while (reader.remaining > 0) {
    const id = toHex(reader.take(ID_BYTES));
    const kind = KINDS[reader.u8()];
    const length = reader.u32();
    if (kind === undefined) throw violation('an item of an unknown kind');
    if (length > MAX_BYTES[kind]) throw violation(`${kind} of ${length} bytes, over ${MAX_BYTES[kind]}`);
    items.push({ id, kind, data: reader.take(length) });
  }
  return items;
}

function bucketsOf(bitmap: Uint8Array): Set<number> {
  const buckets = new Set<number>();
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    if (((bitmap[bucket >> 3] ?? 0) & (1 << (bucket & 7))) !== 0) buckets.add(bucket);
  }
  return buckets;
}
