import { fromBase64, toBase64 } from '#crypto';
import { BytesError, utf8Decode } from '#libs/crypto';
import { TlogError } from './error.js';
import { parseDecimal } from './line.js';

/** What a mirror says to go on from, when it has not taken everything: tlog-mirror, "add-entries". */
export interface MirrorInfo {
  /** Of a checkpoint that the mirror knows as pending. */
  readonly size: bigint;
  /** The index of the first entry that it does not hold. */
  readonly nextEntry: bigint;
  /** Opaque: goes back to the mirror with the next request. */
  readonly ticket: Uint8Array;
}

export const MIRROR_INFO_TYPE = 'text/x.tlog.mirror-info';

export function formatMirrorInfo({ size, nextEntry, ticket }: MirrorInfo): string {
  return `${size}\n${nextEntry}\n${toBase64(ticket)}\n`;
}

/** Three lines, each with its newline, and nothing else. @throws TlogError malformed-request */
export function parseMirrorInfo(body: Uint8Array): MirrorInfo {
  try {
    const [sizeLine = '', nextLine = '', ticketLine = '', rest, ...more] = utf8Decode(body).split('\n');
    const [size, nextEntry] = [parseDecimal(sizeLine), parseDecimal(nextLine)];
    if (size === undefined || nextEntry === undefined || rest !== '' || more.length > 0) {
      throw malformed('should be two decimals up to 2^63 - 1 and a ticket in base64, each on a line');
    }
    return { size, nextEntry, ticket: fromBase64(ticketLine) };
  } catch (cause) {
    if (cause instanceof BytesError) throw malformed(cause.message, { cause });
    throw cause;
  }
}

function malformed(problem: string, options?: ErrorOptions): TlogError {
  return new TlogError('malformed-request', `mirror info: ${problem}`, options);
}
