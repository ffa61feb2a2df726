import { sha256, toBase64, toHex } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import { MAX_SIZE } from '#libs/merkle';
import { TlogError } from './error.js';
import { parseDecimal } from './line.js';
import { PROOF_MAX_HASHES, areProofHashes, joinPreamble, parseHashLines, splitPreamble } from './preamble.js';

/** What a log asks of a witness: the body of tlog-witness `POST add-checkpoint`. */
export interface AddCheckpointRequest {
  /** The size of the checkpoint that the witness cosigned last, by the log's belief. */
  readonly oldSize: bigint;
  /** RFC 6962 consistency proof from that size; empty from 0. */
  readonly proof: readonly Uint8Array[];
  /** The signed note. Not verified, not even parsed. */
  readonly checkpoint: Uint8Array;
}

/** Reads a request body; what it accepts, `formatAddCheckpointRequest` writes back byte for byte. @throws TlogError malformed-request */
export function parseAddCheckpointRequest(body: Uint8Array): AddCheckpointRequest {
  const preamble = splitPreamble(body);
  if (preamble === undefined) throw malformed('no empty line before the checkpoint');
  const [oldField = '', ...hashLines] = preamble.lines;
  const oldSize = oldField.startsWith('old ') ? parseDecimal(oldField.slice('old '.length)) : undefined;
  if (oldSize === undefined) throw malformed('the first line is not "old" and a decimal up to 2^63 - 1');
  const proof = parseHashLines(hashLines);
  if (proof === undefined) throw malformed(`should be up to ${PROOF_MAX_HASHES} hashes in base64`);
  return { oldSize, proof, checkpoint: preamble.checkpoint };
}

/** @throws TlogError malformed-request */
export function formatAddCheckpointRequest({ oldSize, proof, checkpoint }: AddCheckpointRequest): Uint8Array {
  if (oldSize < 0n || oldSize > MAX_SIZE) throw malformed(`old size ${oldSize} is not from 0 to 2^63 - 1`);
  if (!areProofHashes(proof)) throw malformed(`should be up to ${PROOF_MAX_HASHES} hashes`);
  return joinPreamble({ lines: [`old ${oldSize}`, ...proof.map(toBase64)], checkpoint });
}

/** How witnesses and mirrors name a log in their URLs: SHA-256 of the origin, lowercase hex. */
export function originHash(origin: string): string {
  return toHex(sha256(utf8Encode(origin)));
}

/** Where a witness shows the latest checkpoint of a log, below its monitoring prefix: tlog-witness, "Monitor Retrieval Mechanism". */
export function witnessCheckpointPath(origin: string): string {
  return `${originHash(origin)}/checkpoint`;
}

function malformed(problem: string): TlogError {
  return new TlogError('malformed-request', `add-checkpoint request: ${problem}`);
}
