import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { concatBytes, u64, utf8Encode, vector } from '#libs/crypto';
import { TICKET_MAX_BYTES } from '#libs/tlog';
import { PENDING, type PendingCheckpoint } from './mirror-events.js';

const MAC_BYTES = 32;
const DOMAIN = utf8Encode('tallystick mirror ticket v1\n');

/**
 * Pending checkpoints that the mirror has left behind, kept by whoever uploads towards them: a ticket is the checkpoint under
 * a MAC. It was pending once, so that all later ones are consistent with it. The key lives as long as the process: after a
 * new start a client learns the checkpoint that is pending now.
 */
export class Tickets {
  constructor(private readonly key: Uint8Array = randomBytes(32)) {}

  issue({ checkpoint, note }: PendingCheckpoint): Uint8Array {
    const ticket = concatBytes(this.#mac(checkpoint.origin, note), note);
    // tlog-mirror: a ticket may be empty; then only the newest checkpoint can be uploaded to.
    return ticket.length <= TICKET_MAX_BYTES ? ticket : new Uint8Array(0);
  }

  /** The checkpoint in a ticket of ours for this origin; undefined for any other bytes. */
  open(origin: string, ticket: Uint8Array): PendingCheckpoint | undefined {
    if (ticket.length <= MAC_BYTES) return undefined;
    const [mac, note] = [ticket.subarray(0, MAC_BYTES), ticket.subarray(MAC_BYTES)];
    return timingSafeEqual(mac, this.#mac(origin, note)) ? PENDING.decode(note) : undefined;
  }

  #mac(origin: string, note: Uint8Array): Uint8Array {
    const input = concatBytes(DOMAIN, vector(2, utf8Encode(origin)), u64(BigInt(note.length)), note);
    return new Uint8Array(createHmac('sha256', this.key).update(input).digest());
  }
}
