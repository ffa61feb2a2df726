import { sha256 } from '#crypto';
import type { SyncKind, Topic } from './content.js';

/** Gossip topics on the wire. */
export const TOPIC_NAME: Readonly<Record<Topic, string>> = {
  checkpoint: '/tallystick/checkpoint/1',
  evidence: '/tallystick/evidence/1',
};

export const TOPICS = ['checkpoint', 'evidence'] as const satisfies readonly Topic[];

/** Longest message of each kind, in bytes. A cosigned checkpoint carries up to 16 signatures, ML-DSA ones of 3.4 kB. */
export const MAX_BYTES: Readonly<Record<SyncKind, number>> = {
  checkpoint: 16 * 1024,
  evidence: 128 * 1024,
  cosigned: 64 * 1024,
};

/** Longest gossip RPC. It holds subscriptions and many messages: a limit near that of a message drops what is honest. */
export const MAX_RPC_BYTES = 1 << 20;

const MESSAGE_ID_BYTES = 20;

/**
 * Over every byte: the ID is remembered before the message is validated, so with an ID over less a copy with a bad
 * signature would make the good message a duplicate.
 */
export function messageId(message: { readonly data: Uint8Array }): Uint8Array {
  return sha256(message.data).subarray(0, MESSAGE_ID_BYTES);
}
