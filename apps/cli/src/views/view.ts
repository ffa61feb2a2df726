import { fetchCheckpoint, ServiceError } from '#libs/client';
import { CodedError } from '#libs/crypto';
import { openSignedHeads, type SignedHead } from '#libs/evidence';
import type { VerifierKey } from '#libs/note';
import { originHash, type Checkpoint } from '#libs/tlog';
import type { Context } from '../context.js';
import { Failure } from '../failure.js';
import { isUrl } from '../trust-config.js';

/** What one address shows of a log: its newest checkpoint, signed by a key that is known. */
export interface View {
  /** Where its files are; that of a mirror ends in the hash of the origin. */
  readonly url: string;
  /** The signed note, as shown. */
  readonly note: Uint8Array;
  readonly checkpoint: Checkpoint;
  /** By keys of the log; at least one. */
  readonly heads: readonly SignedHead[];
  /** By keys of witnesses. */
  readonly cosigned: readonly SignedHead[];
}

/** Whose signatures are looked for. */
export interface KnownKeys {
  readonly logs: readonly VerifierKey[];
  readonly witnesses: readonly VerifierKey[];
  /** Whose keys they are, for messages: `trust.json`. */
  readonly source: string;
  /** The log that is looked for, where an address shows several. */
  readonly origin?: string;
}

/**
 * The view at a URL: of a log, or of a mirror or a witness, which show each log under the hash of its origin; that is added
 * where there is no checkpoint otherwise.
 * @throws Failure usage, no-trust, not-verified; ServiceError
 */
export async function openView(url: string, keys: KnownKeys, context: Context, timeoutMs?: number): Promise<View> {
  if (!isUrl(url) || !URL.canParse(url)) {
    throw new Failure('usage', `${url} is not a URL`, 'a log or a mirror is like https://log.example.org');
  }
  const call = { signal: context.io.signal, ...(timeoutMs !== undefined && { timeoutMs, tries: 1 }) };
  const places = [url, ...originsOf(keys).map((origin) => `${url.replace(/\/+$/, '')}/${originHash(origin)}`)];
  let missing: unknown;
  for (const place of places) {
    try {
      return readView(place, await fetchCheckpoint(place, call), keys);
    } catch (error) {
      if (!(error instanceof ServiceError && error.status === 404)) throw error;
      missing ??= error;
    }
  }
  throw missing;
}

/** @throws Failure no-trust when no known key of the log signed it, not-verified when it is no checkpoint */
export function readView(url: string, note: Uint8Array, keys: KnownKeys): View {
  let heads: SignedHead[];
  let cosigned: SignedHead[];
  try {
    heads = openSignedHeads(note, keys.logs);
    cosigned = openSignedHeads(note, keys.witnesses);
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw new Failure('not-verified', `what ${url} shows is no checkpoint: ${cause.message}`, undefined, { cause });
  }
  const [first] = heads;
  if (first) return { url, note, checkpoint: first.checkpoint, heads, cosigned };
  throw new Failure(
    'no-trust',
    `the checkpoint that ${url} shows has no signature of ${keys.source} that verifies`,
    'name the key of the log with --key, or its trust with --trust-config',
  );
}

/** The logs that are known, by name. A host with its port is another spelling that mirrors don't use. */
function originsOf({ logs, origin }: KnownKeys): string[] {
  return [...new Set([...(origin === undefined ? [] : [origin]), ...logs.map(({ name }) => name)])];
}
