import { sha256, toHex } from '#crypto';
import { concatBytes, u64, utf8Encode } from '#libs/crypto';
import type { SignedHead } from '#libs/evidence';
import type { NoteSignature, VerifierKey } from '#libs/note';
import { packBytes, unpackBytes } from './packed-bytes.js';

/** A head that is kept: its canonical note, and what has been found out about it. */
export interface HeldHead {
  /** 48 hex digits, see `headId`. */
  readonly id: string;
  readonly keyId: string;
  readonly size: bigint;
  /** Canonical: one signature, by the key. */
  readonly note: Uint8Array;
  readonly sinceMs: number;
  /** Who brought it: a peer ID, `log`, or a URL. */
  readonly from: string;
  /** Brought by a directory peer or a copy of the log, so that it counts against the share that strangers can't fill. */
  readonly reserved: boolean;
  /** The ID of the anchor that a verified consistency proof links it to. */
  linkedTo: string | undefined;
  /** Verified cosignatures of configured witnesses: two heads that one witness cosigned convict it too. */
  cosignatures: readonly NoteSignature[];
}

/** In as few bytes as may be: there are many. */
export class PackedHead implements HeldHead {
  readonly id: string;
  readonly keyId: string;
  readonly size: bigint;
  readonly sinceMs: number;
  readonly from: string;
  readonly reserved: boolean;
  linkedTo: string | undefined;
  cosignatures: readonly NoteSignature[];
  readonly #note: string;

  constructor(head: SignedHead, id: string, found: Pick<HeldHead, 'from' | 'reserved' | 'sinceMs' | 'cosignatures'>) {
    this.id = id;
    this.keyId = keyIdOf(head.key);
    this.size = head.checkpoint.size;
    this.sinceMs = found.sinceMs;
    this.from = found.from;
    this.reserved = found.reserved;
    this.linkedTo = undefined;
    this.cosignatures = found.cosignatures;
    this.#note = packBytes(head.note);
  }

  get note(): Uint8Array {
    return unpackBytes(this.#note);
  }
}

const HEAD_ID_DIGITS = 48;
export const ORIGIN_PREFIX_DIGITS = 16;

/** The start of SHA-256 of the origin: what the heads of one log have in common in their IDs. */
export function originPrefix(origin: string): string {
  return toHex(originHashStart(origin));
}

function originHashStart(origin: string): Uint8Array {
  return sha256(utf8Encode(origin)).subarray(0, ORIGIN_PREFIX_DIGITS / 2);
}

/**
 * Names a tree head, whatever its signature bytes and extension lines are: 8 bytes of the origin's hash, 16 of the hash
 * of key ID, size and root.
 */
export function headId({ key, checkpoint: { origin, size, root } }: Pick<SignedHead, 'key' | 'checkpoint'>): string {
  const tree = sha256(concatBytes(key.id, u64(size), root)).subarray(0, (HEAD_ID_DIGITS - ORIGIN_PREFIX_DIGITS) / 2);
  // In one go: a string that is put together or cut out takes twice the memory.
  return toHex(concatBytes(originHashStart(origin), tree));
}

export function keyIdOf(key: Pick<VerifierKey, 'id'>): string {
  return toHex(key.id);
}
