import { entryBundlePath, ENTRY_MAX_BYTES, parseEntryBundle, TILE_WIDTH, tilePath } from '#libs/tlog';
import { expectParsed, expectStatus, unexpected } from './answer.js';
import type { Answer, CallOptions } from './exchange.js';
import { exchangePatiently } from './patience.js';
import { ServiceError } from './service-error.js';
import { serviceUrl } from './service-url.js';

const HASH_BYTES = 32;
/** Room for sixteen post-quantum cosignatures of 5 kB. */
const MAX_CHECKPOINT_BYTES = 128 * 1024;
const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + ENTRY_MAX_BYTES);

/** The newest published checkpoint, a signed note, not yet verified (tlog-tiles). @throws ServiceError */
export async function fetchCheckpoint(logUrl: string, options?: CallOptions): Promise<Uint8Array> {
  const answer = await get(logUrl, 'checkpoint', MAX_CHECKPOINT_BYTES, options);
  return expectStatus(answer, 200).body;
}

/** The first `width` hashes of a tile, 32 bytes each. @throws ServiceError */
export async function fetchTile(
  logUrl: string,
  level: number,
  index: bigint,
  width: number,
  options?: CallOptions,
): Promise<Uint8Array> {
  const path = (of: number): string => tilePath(level, index, of);
  const answer = await getPartialOrFull(logUrl, path, width, TILE_WIDTH * HASH_BYTES, options);
  const bytes = answer.body;
  if (bytes.length % HASH_BYTES !== 0 || bytes.length < width * HASH_BYTES) {
    throw unexpected(answer, `${bytes.length} bytes, it should be ${width} hashes of ${HASH_BYTES} bytes`);
  }
  return bytes.subarray(0, width * HASH_BYTES);
}

/** The first `width` entries of an entry bundle. @throws ServiceError */
export async function fetchEntryBundle(
  logUrl: string,
  index: bigint,
  width: number,
  options?: CallOptions,
): Promise<Uint8Array[]> {
  const path = (of: number): string => entryBundlePath(index, of);
  const answer = await getPartialOrFull(logUrl, path, width, MAX_BUNDLE_BYTES, options);
  const entries = expectParsed(answer, 'an entry bundle', parseEntryBundle);
  if (entries.length < width) throw unexpected(answer, `${entries.length} entries, it should be ${width}`);
  return entries.slice(0, width);
}

/**
 * Any file of a log by its path, as `rederive` of #libs/tlog asks for it: no width is expected, and nothing else is tried.
 * @throws ServiceError when the log neither has it nor says that it hasn't
 */
export async function fetchLogFile(
  logUrl: string,
  path: string,
  maxBytes: number,
  options?: CallOptions,
): Promise<Uint8Array | 'missing' | 'too-large'> {
  try {
    const answer = await get(logUrl, path, maxBytes, options);
    // 410: a log that was pruned may say so.
    return answer.status === 404 || answer.status === 410 ? 'missing' : expectStatus(answer, 200).body;
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'too-large') return 'too-large';
    throw error;
  }
}

/** tlog-tiles: a log may delete a partial tile once the full one exists, so that one is tried next. */
async function getPartialOrFull(
  logUrl: string,
  path: (width: number) => string,
  width: number,
  maxBytes: number,
  options: CallOptions | undefined,
): Promise<Answer> {
  const answer = await get(logUrl, path(width), maxBytes, options);
  if (answer.status !== 404 || width === TILE_WIDTH) return expectStatus(answer, 200);
  const full = await get(logUrl, path(TILE_WIDTH), maxBytes, options);
  return expectStatus(full.status === 404 ? answer : full, 200);
}

function get(logUrl: string, path: string, maxBytes: number, options: CallOptions | undefined): Promise<Answer> {
  return exchangePatiently({ service: 'the log', url: serviceUrl(logUrl, path), method: 'GET', maxBytes }, options);
}
