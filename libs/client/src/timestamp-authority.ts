import { sha256 } from '#crypto';
import { equalBytes } from '#libs/crypto';
import { encodeTimestampRequest, parseTimestampResponse } from '#libs/timestamp';
import { expectParsed, expectStatus, unexpected } from './answer.js';
import type { CallOptions } from './exchange.js';
import { exchangePatiently } from './patience.js';
import { ServiceError } from './service-error.js';

const MAX_ANSWER_BYTES = 128 * 1024;
const NONCE_BYTES = 8;

/**
 * Asks for a timestamp over the SHA-256 of `message` (RFC 3161 over HTTP). The answer is the DER TimeStampResp about this
 * message and this request's nonce; who signed it is not yet verified. `tsaUrl` is the whole path, as in a signing config.
 * @throws ServiceError
 */
export async function requestTimestamp(
  tsaUrl: string,
  message: Uint8Array,
  options?: CallOptions,
): Promise<Uint8Array> {
  const digest = sha256(message);
  const nonce = crypto
    .getRandomValues(new Uint8Array(NONCE_BYTES))
    .reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const answer = await exchangePatiently(
    {
      service: 'the timestamp authority',
      url: tsaUrl,
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
      body: encodeTimestampRequest({ hashAlgorithm: 'sha256', digest, nonce, certReq: true }),
      maxBytes: MAX_ANSWER_BYTES,
    },
    options,
  );
  expectStatus(answer, 200, 201);
  const response = expectParsed(answer, 'a timestamp', parseTimestampResponse);
  if (response.status !== 'granted') {
    const why = [...response.failures, response.text].filter((part) => part !== '').join(' ');
    throw new ServiceError('refused', `the timestamp authority at ${tsaUrl} did not grant a timestamp: ${why}`);
  }
  const { info } = response.token;
  if (!equalBytes(info.hashedMessage, digest)) throw unexpected(answer, 'a timestamp over something else');
  if (info.nonce !== nonce) throw unexpected(answer, 'a timestamp of another request: the nonce differs');
  return answer.body;
}
