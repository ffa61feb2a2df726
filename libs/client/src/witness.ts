import { parseSignatureLines, type NoteSignature } from '#libs/note';
import { formatAddCheckpointRequest, witnessCheckpointPath, type AddCheckpointRequest } from '#libs/tlog';
import { utf8Decode } from '#libs/crypto';
import { expectParsed, expectStatus, text } from './answer.js';
import { exchange, type Answer, type CallOptions } from './exchange.js';
import { exchangePatiently } from './patience.js';
import { serviceUrl } from './service-url.js';

/** What a witness says to a checkpoint. All of it is expected: an outage of one witness is no failure of the log. */
export type AddCheckpointAnswer =
  | { readonly kind: 'cosigned'; readonly lines: readonly NoteSignature[] }
  /** It knows another size than `oldSize`; ask again from there. */
  | { readonly kind: 'conflict'; readonly size: bigint }
  | { readonly kind: 'refused'; readonly status: number; readonly body: string };

const MAX_ANSWER_BYTES = 128 * 1024;
/** tlog-checkpoint sizes, at most 2^63 - 1. */
const SIZE_LINE = /^(?:0|[1-9]\d{0,18})\n?$/;

/**
 * Hands a checkpoint to a witness (tlog-witness `add-checkpoint`), once. The cosignatures are not yet verified.
 * @throws ServiceError when no whole answer comes, or a 200 has no signature lines
 */
export async function addCheckpoint(
  witnessUrl: string,
  request: AddCheckpointRequest,
  options?: CallOptions,
): Promise<AddCheckpointAnswer> {
  const answer = await exchange(
    {
      service: 'the witness',
      url: serviceUrl(witnessUrl, 'add-checkpoint'),
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: formatAddCheckpointRequest(request),
      maxBytes: MAX_ANSWER_BYTES,
    },
    options,
  );
  return readAnswer(answer);
}

/**
 * The same over another way than HTTP: `send` carries the body to the witness at `address`, and brings its answer back.
 * @throws ServiceError unexpected-answer; what `send` throws
 */
export async function addCheckpointBy(
  address: string,
  request: AddCheckpointRequest,
  send: (body: Uint8Array) => Promise<{ readonly status: number; readonly body: Uint8Array }>,
): Promise<AddCheckpointAnswer> {
  const { status, body } = await send(formatAddCheckpointRequest(request));
  const asked = { service: 'the witness', url: address, method: 'POST', maxBytes: MAX_ANSWER_BYTES } as const;
  return readAnswer({ request: asked, status, headers: new Headers(), body });
}

function readAnswer(answer: Answer): AddCheckpointAnswer {
  if (answer.status === 200) {
    const lines = expectParsed(answer, 'cosignatures', (body) => {
      const parsed = parseSignatureLines(utf8Decode(body));
      if (parsed.length === 0) throw new TypeError('there is no signature line');
      return parsed;
    });
    return { kind: 'cosigned', lines };
  }
  const body = text(answer);
  // Some witnesses answer 409 without a size: that says nothing we could go on from.
  if (answer.status === 409 && SIZE_LINE.test(body)) return { kind: 'conflict', size: BigInt(body) };
  return { kind: 'refused', status: answer.status, body };
}

/**
 * The newest checkpoint of `origin` that the witness cosigned, with both signatures, not yet verified (tlog-witness,
 * monitoring); undefined when it has cosigned none.
 * @throws ServiceError
 */
export async function fetchCosignedCheckpoint(
  witnessUrl: string,
  origin: string,
  options?: CallOptions,
): Promise<Uint8Array | undefined> {
  const answer = await exchangePatiently(
    {
      service: 'the witness',
      url: serviceUrl(witnessUrl, witnessCheckpointPath(origin)),
      method: 'GET',
      maxBytes: MAX_ANSWER_BYTES,
    },
    options,
  );
  return answer.status === 404 ? undefined : expectStatus(answer, 200).body;
}
