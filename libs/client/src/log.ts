import { equalBytes } from '#libs/crypto';
import { addEntryRequestFor, encodeEntry, type Entry } from '#libs/entry';
import { parseTlogEntry, type TlogEntry } from '#libs/verify';
import { expectJson, expectStatus, unexpected } from './answer.js';
import type { CallOptions } from './exchange.js';
import { exchangePatiently } from './patience.js';
import { serviceUrl } from './service-url.js';

/** The entry, its proof and a checkpoint with every cosignature. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * Appends an entry and waits until a published checkpoint covers it (Rekor v2 HTTP API). Repeating it is harmless: the
 * log answers with the entry that it has. What comes back is about this very entry; its proof is not yet verified.
 * @throws ServiceError
 */
export async function addEntry(logUrl: string, entry: Entry, options?: CallOptions): Promise<TlogEntry> {
  const answer = await exchangePatiently(
    {
      service: 'the log',
      url: serviceUrl(logUrl, 'api/v2/log/entries'),
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(addEntryRequestFor(entry)),
      maxBytes: MAX_ANSWER_BYTES,
    },
    options,
  );
  expectStatus(answer, 200, 201);
  const logged = expectJson(answer, 'an entry', parseTlogEntry);
  if (!equalBytes(logged.canonicalizedBody, encodeEntry(entry)))
    throw unexpected(answer, 'another entry than the one it was given');
  return logged;
}
