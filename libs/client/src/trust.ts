import { expectStatus } from './answer.js';
import type { CallOptions } from './exchange.js';
import { exchangePatiently } from './patience.js';

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** The bytes of a trust config, trusted root, signing config or policy; undefined when there is none. @throws ServiceError */
export async function fetchTrustMaterial(url: string, options?: CallOptions): Promise<Uint8Array | undefined> {
  const answer = await exchangePatiently(
    { service: 'the trust material', url, method: 'GET', maxBytes: MAX_ANSWER_BYTES },
    options,
  );
  return answer.status === 404 ? undefined : expectStatus(answer, 200).body;
}
