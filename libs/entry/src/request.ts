import { toBase64 } from '#crypto';
import { EntryError } from './entry-error.js';
import { readEnvelope, type Envelope } from './envelope.js';
import type { HashedRekordEntry } from './hashedrekord.js';
import { keyDetails, type KeyDetails } from './key-details.js';
import { readMessage, type MessageReader } from './message-reader.js';
import { readVerifier, type Verifier } from './verifier.js';

const REQUEST_VERIFIERS_MAX = 10;

/** A verifier and the algorithm that it is said to use. */
export interface VerifierWithDetails {
  readonly verifier: Verifier;
  readonly keyDetails: KeyDetails;
}

/** dev.sigstore.rekor.v2.CreateEntryRequest: what a client asks to log. Read, but not yet checked. */
export type AddEntryRequest =
  | ({
      readonly kind: 'hashedrekord';
      readonly digest: Uint8Array;
      readonly signature: Uint8Array;
    } & VerifierWithDetails)
  | { readonly kind: 'dsse'; readonly envelope: Envelope; readonly verifiers: readonly VerifierWithDetails[] };

/**
 * Parses the JSON of `POST /api/v2/log/entries`, with either request of the API.
 * @throws EntryError malformed-request, unsupported-key-details
 */
export function parseAddEntryRequest(json: unknown): AddEntryRequest {
  const refuse = (message: string, cause?: unknown): Error => new EntryError('malformed-request', message, { cause });
  return readMessage(json, { name: 'request', refuse, unknownFields: 'refuse' }, (message) => {
    const hashedRekord = message.message('hashedRekordRequestV002', readHashedRekordRequest);
    const dsse = message.message('dsseRequestV002', readDsseRequest);
    if (hashedRekord && !dsse) return hashedRekord;
    if (dsse && !hashedRekord) return dsse;
    throw refuse('the request should have either a hashedRekordRequestV002 or a dsseRequestV002');
  });
}

function readHashedRekordRequest(message: MessageReader): AddEntryRequest {
  return {
    kind: 'hashedrekord',
    digest: message.requiredBytes('digest'),
    ...message.requiredMessage('signature', (signature) => ({
      signature: signature.requiredBytes('content'),
      ...signature.requiredMessage('verifier', readVerifierWithDetails),
    })),
  };
}

function readDsseRequest(message: MessageReader): AddEntryRequest {
  return {
    kind: 'dsse',
    envelope: message.requiredMessage('envelope', readEnvelope),
    verifiers: message.messages('verifiers', REQUEST_VERIFIERS_MAX, readVerifierWithDetails),
  };
}

function readVerifierWithDetails(message: MessageReader): VerifierWithDetails {
  return { verifier: readVerifier(message), keyDetails: keyDetails(message.enumValue('keyDetails')) };
}

/** The JSON that asks a Rekor v2 log to add `entry`. */
export function addEntryRequestFor(entry: HashedRekordEntry): object {
  const rawBytes = toBase64(entry.verifier.raw);
  return {
    hashedRekordRequestV002: {
      digest: toBase64(entry.digest),
      signature: {
        content: toBase64(entry.signature),
        verifier: {
          ...(entry.verifier.kind === 'certificate' ? { x509Certificate: { rawBytes } } : { publicKey: { rawBytes } }),
          keyDetails: entry.keyDetails,
        },
      },
    },
  };
}
