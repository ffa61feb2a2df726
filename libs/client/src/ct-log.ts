import { fromBase64, toBase64 } from '#crypto';
import { encodeSct, parseSct, type Sct } from '#libs/certificate';
import { expectJson, expectStatus } from './answer.js';
import type { CallOptions } from './exchange.js';
import { exchangePatiently } from './patience.js';
import { serviceUrl } from './service-url.js';

const MAX_ANSWER_BYTES = 16 * 1024;

/**
 * Submits a precertificate, DER, with its chain behind it (RFC 6962 §4.2). The SCT is not yet verified.
 * @throws ServiceError
 */
export async function addPreChain(ctUrl: string, chain: readonly Uint8Array[], options?: CallOptions): Promise<Sct> {
  const answer = await exchangePatiently(
    {
      service: 'the certificate transparency log',
      url: serviceUrl(ctUrl, 'ct/v1/add-pre-chain'),
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ chain: chain.map(toBase64) }),
      maxBytes: MAX_ANSWER_BYTES,
    },
    options,
  );
  expectStatus(answer, 200);
  return expectJson(answer, 'an SCT', (json) => parseSct(serialised(json as Record<string, unknown>)));
}

function serialised(json: Record<string, unknown>): Uint8Array {
  const { sct_version: version, timestamp } = json;
  if (version !== 0) throw new TypeError(`sct_version is ${String(version)}, it should be 0`);
  if (typeof timestamp !== 'number' || !Number.isSafeInteger(timestamp) || timestamp < 0) {
    throw new TypeError(`timestamp is ${String(timestamp)}, it should be milliseconds`);
  }
  const bytes = (key: 'id' | 'extensions' | 'signature'): Uint8Array => {
    const value = json[key];
    if (typeof value !== 'string') throw new TypeError(`${key} is not a string`);
    return fromBase64(value);
  };
  const logId = bytes('id');
  if (logId.length !== 32) throw new TypeError(`id has ${logId.length} bytes, it should have 32`);
  return encodeSct({
    logId,
    timestampMs: BigInt(timestamp),
    extensions: bytes('extensions'),
    digitallySigned: bytes('signature'),
  });
}
