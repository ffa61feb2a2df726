import { concatBytes, u64, utf8Encode, vector } from '#libs/crypto';
import { HASH_BYTES, MAX_SIZE, EMPTY_FRONTIER, appendLeafHashes, frontierRoot } from '#libs/merkle';
import { encodeEntryBundle } from './entry-bundle.js';
import { TlogError } from './error.js';
import { PROOF_MAX_HASHES, areProofHashes } from './preamble.js';
import { TILE_WIDTH } from './tile.js';

// tlog-mirror, "add-entries", Request Body:
//
//     u16 length || log_origin   u64 upload_start   u64 upload_end   u16 length || ticket   package*
//     package = (u16 length || entry)*   u8 num_hashes   hash[32]*

/** tlog-mirror: clients should send at most so many in one request, 8192 entries. */
export const ADD_ENTRIES_MAX_PACKAGES = 32;
export const TICKET_MAX_BYTES = 65535;

/** What an upload is about: the entries [start, end) of a log. */
export interface AddEntriesHeader {
  readonly origin: string;
  readonly start: bigint;
  /** The size of a checkpoint that the mirror knows as pending: the proofs lead to it. */
  readonly end: bigint;
  /** What the mirror gave with an earlier answer; else empty. */
  readonly ticket: Uint8Array;
}

/** The entries that one package carries, [start, end), and where the subtree begins that its proof is about. */
export interface PackageRange {
  /** `start` rounded down to a multiple of 256: what lies between, the mirror holds already. */
  readonly subtreeStart: bigint;
  readonly start: bigint;
  readonly end: bigint;
}

export interface EntryPackage {
  readonly entries: readonly Uint8Array[];
  /** From the subtree [subtreeStart, end) to the tree of the upload's end. */
  readonly proof: readonly Uint8Array[];
}

/** The canonical sequence of packages of an upload, without end for whoever takes no end of them. @throws TlogError out-of-range */
export function* packageRanges(start: bigint, end: bigint): Generator<PackageRange, void> {
  if (start < 0n || start > end || end > MAX_SIZE) {
    throw new TlogError('out-of-range', `an upload of [${start}, ${end}): should be a range from 0 to 2^63 - 1`);
  }
  const width = BigInt(TILE_WIDTH);
  for (let from = start; from < end;) {
    const subtreeStart = from - (from % width);
    const to = subtreeStart + width < end ? subtreeStart + width : end;
    yield { subtreeStart, start: from, end: to };
    from = to;
  }
}

/** @throws TlogError malformed-request */
export function encodeAddEntriesHeader({ origin, start, end, ticket }: AddEntriesHeader): Uint8Array {
  const name = utf8Encode(origin);
  if (name.length > 0xffff || ticket.length > TICKET_MAX_BYTES)
    throw malformed('an origin or a ticket above 65535 bytes');
  if (start < 0n || start > end || end > MAX_SIZE) throw malformed(`[${start}, ${end}) is no range from 0 to 2^63 - 1`);
  return concatBytes(vector(2, name), u64(start), u64(end), vector(2, ticket));
}

/** @throws TlogError entry-too-large, malformed-request */
export function encodeEntryPackage({ entries, proof }: EntryPackage): Uint8Array {
  if (!areProofHashes(proof)) throw malformed(`should be up to ${PROOF_MAX_HASHES} hashes of ${HASH_BYTES} bytes`);
  return concatBytes(encodeEntryBundle(entries), Uint8Array.of(proof.length), ...proof);
}

/** The root of the subtree that has these leaf hashes: what a package's proof begins with. */
export function packageRoot(leafHashes: readonly Uint8Array[]): Uint8Array {
  return frontierRoot(appendLeafHashes(EMPTY_FRONTIER, leafHashes));
}

function malformed(problem: string): TlogError {
  return new TlogError('malformed-request', `add-entries request: ${problem}`);
}
