import { ByteReader, concatBytes } from '#libs/crypto';
import { TlogError } from './error.js';

/** A witness's answer to a request that came another way than by HTTP: an HTTP status, and the body. */
export interface WitnessReply {
  readonly status: number;
  readonly body: Uint8Array;
}

/**
 * The protocols by which a log asks a witness that it has no URL of, one request and one reply each: the body of tlog-witness
 * `add-checkpoint`, or an origin in UTF-8. The reply is `u16 status || body`.
 */
export const WITNESS_PROTOCOLS = {
  addCheckpoint: '/tallystick/add-checkpoint/1',
  cosignedCheckpoint: '/tallystick/cosigned-checkpoint/1',
} as const;

const STATUS_MIN = 100;
const STATUS_MAX = 599;

export function formatWitnessReply({ status, body }: WitnessReply): Uint8Array {
  return concatBytes(Uint8Array.of(status >> 8, status & 0xff), body);
}

/** @throws TlogError malformed-reply */
export function parseWitnessReply(bytes: Uint8Array): WitnessReply {
  const status = bytes.length < 2 ? 0 : new ByteReader(bytes).u16();
  if (status < STATUS_MIN || status > STATUS_MAX) {
    throw new TlogError('malformed-reply', `a witness's reply begins with ${status}, which is no HTTP status`);
  }
  return { status, body: bytes.subarray(2) };
}
