import { concatBytes, utf8Decode } from '#libs/crypto';
import { parseSignatureLines, type NoteSignature } from '#libs/note';
import {
  ADD_ENTRIES_MAX_PACKAGES,
  encodeAddEntriesHeader,
  encodeEntryPackage,
  packageRanges,
  parseMirrorInfo,
  type AddEntriesHeader,
  type EntryPackage,
  type MirrorInfo,
} from '#libs/tlog';
import { expectParsed, text } from './answer.js';
import { exchange, type CallOptions } from './exchange.js';
import { ServiceError } from './service-error.js';
import { serviceUrl } from './service-url.js';

export interface AddEntriesRequest extends AddEntriesHeader {
  /** The first ones of the canonical sequence, in order. */
  readonly packages: readonly EntryPackage[];
}

/** What a mirror says to an upload. All of it is expected. */
export type AddEntriesAnswer =
  | { readonly kind: 'cosigned'; readonly lines: readonly NoteSignature[] }
  /** All packages that were sent are saved, more are wanted: go on from `info`. */
  | { readonly kind: 'accepted'; readonly info: MirrorInfo }
  /** Other entries are wanted, or those of another checkpoint: go on from `info`. */
  | { readonly kind: 'conflict'; readonly info: MirrorInfo }
  | { readonly kind: 'refused'; readonly status: number; readonly body: string };

/** Of a log: what has to be uploaded, and what proves it. */
export interface UploadSource {
  readonly origin: string;
  /** Of the checkpoint that the mirror knows as pending. */
  readonly size: bigint;
  /** Entries [from, to), at most 256. */
  readonly entries: (from: bigint, to: bigint) => Promise<readonly Uint8Array[]>;
  /** The proof that the subtree [from, to) is in the tree of `size` entries: `proveSubtreeConsistency` of #libs/merkle. */
  readonly prove: (from: bigint, to: bigint) => Promise<readonly Uint8Array[]>;
}

const MAX_ANSWER_BYTES = 192 * 1024;
/** Every answer takes an upload further, or is the last: a mirror that has others upload at the same time may need a few more. */
const ROUNDS_WITHOUT_PROGRESS = 5;
/** How often it may send us back in all: one that has gone forward and back for so long will do it for ever. */
const SETBACKS = 32;
/** One request waits until this much is in it, or 32 packages: a body of 8192 small entries, or of two packages of large ones. */
const REQUEST_BYTES = 16 * 1024 * 1024;

/**
 * Sends entries to a mirror (tlog-mirror `add-entries`), once, compressed. The cosignatures are not yet verified.
 * @throws ServiceError when no whole answer comes, or one that does not parse; TlogError for what can't be encoded
 */
export async function addEntries(
  mirrorUrl: string,
  { packages, ...header }: AddEntriesRequest,
  options?: CallOptions,
): Promise<AddEntriesAnswer> {
  const body = concatBytes(encodeAddEntriesHeader(header), ...packages.map(encodeEntryPackage));
  const answer = await exchange(
    {
      service: 'the mirror',
      url: serviceUrl(mirrorUrl, 'add-entries'),
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' },
      body: await gzip(body),
      maxBytes: MAX_ANSWER_BYTES,
    },
    options,
  );
  switch (answer.status) {
    case 200:
      return {
        kind: 'cosigned',
        lines: expectParsed(answer, 'cosignatures', (b) => parseSignatureLines(utf8Decode(b))),
      };
    case 202:
      return { kind: 'accepted', info: expectParsed(answer, 'a mirror info', parseMirrorInfo) };
    case 409:
      return { kind: 'conflict', info: expectParsed(answer, 'a mirror info', parseMirrorInfo) };
    default:
      return { kind: 'refused', status: answer.status, body: text(answer) };
  }
}

/**
 * Uploads all that a mirror misses of a checkpoint that is pending there, in as many requests as it takes.
 * Its last answer: `cosigned`, `refused`, or a `conflict` that names another checkpoint than that of `source`.
 * @throws ServiceError as `addEntries`, also when the mirror makes no progress; whatever `source` throws
 */
export async function uploadEntries(
  mirrorUrl: string,
  { origin, size, entries, prove }: UploadSource,
  options?: CallOptions,
): Promise<Exclude<AddEntriesAnswer, { kind: 'accepted' }>> {
  // A request without packages: its answer says where to begin.
  let start = size;
  let ticket: Uint8Array = new Uint8Array(0);
  for (let idle = 0, setbacks = 0; idle < ROUNDS_WITHOUT_PROGRESS && setbacks < SETBACKS;) {
    const packages: EntryPackage[] = [];
    let bytes = 0;
    for (const range of packageRanges(start, size)) {
      const proof = await prove(range.subtreeStart, range.end);
      const one = { entries: await entries(range.start, range.end), proof };
      packages.push(one);
      bytes += one.entries.reduce((sum, { length }) => sum + length, 0);
      if (packages.length === ADD_ENTRIES_MAX_PACKAGES || bytes >= REQUEST_BYTES) break;
    }
    const answer = await addEntries(mirrorUrl, { origin, start, end: size, ticket, packages }, options);
    if (answer.kind === 'cosigned' || answer.kind === 'refused') return answer;
    const { info } = answer;
    if (info.size !== size) return { kind: 'conflict', info };
    const forward = info.nextEntry > start;
    idle = forward ? 0 : idle + 1;
    if (!forward) setbacks++;
    start = info.nextEntry < size ? info.nextEntry : size;
    ticket = info.ticket;
  }
  throw new ServiceError('unexpected-answer', `the mirror at ${mirrorUrl} wants the same entries again and again`);
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const compressed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(compressed).arrayBuffer());
}
