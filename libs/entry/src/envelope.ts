import { concatBytes, utf8Encode } from '#libs/crypto';
import { toBase64 } from '#crypto';
import type { MessageReader } from './message-reader.js';

/** More signatures than anyone verifies (Rekor v2's limit). */
export const ENVELOPE_SIGNATURES_MAX = 10;

/** A DSSE envelope (https://github.com/secure-systems-lab/dsse). */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly EnvelopeSignature[];
}

export interface EnvelopeSignature {
  readonly sig: Uint8Array;
  /** An unauthenticated hint, often empty. */
  readonly keyid: string;
}

/** Reads an envelope inside another message, whose rules decide what is refused, and how. */
export function readEnvelope(message: MessageReader): Envelope {
  return {
    payloadType: message.requiredString('payloadType'),
    payload: message.bytes('payload'),
    signatures: message.messages('signatures', ENVELOPE_SIGNATURES_MAX, (signature) => ({
      sig: signature.requiredBytes('sig'),
      keyid: signature.string('keyid'),
    })),
  };
}

/** The envelope's JSON. */
export function formatEnvelope(envelope: Envelope): object {
  return {
    payload: toBase64(envelope.payload),
    payloadType: envelope.payloadType,
    signatures: envelope.signatures.map(({ sig, keyid }) => ({ sig: toBase64(sig), ...(keyid && { keyid }) })),
  };
}

/** DSSE's pre-authentication encoding: the bytes that an envelope's signatures are over. */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8Encode(payloadType);
  return concatBytes(utf8Encode(`DSSEv1 ${type.length} `), type, utf8Encode(` ${payload.length} `), payload);
}
