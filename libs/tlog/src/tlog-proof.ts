import { toBase64 } from '#crypto';
import { MAX_SIZE } from '#libs/merkle';
import { TlogError } from './error.js';
import { parseBase64, parseDecimal } from './line.js';
import { PROOF_MAX_HASHES, areProofHashes, joinPreamble, parseHashLines, splitPreamble } from './preamble.js';

/** What shows offline that an entry is in a log: C2SP tlog-proof. */
export interface TlogProof {
  readonly index: bigint;
  /** The inclusion proof, the leaf's sibling first. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note as the log published it, with cosignatures. Not verified, not even parsed. */
  readonly checkpoint: Uint8Array;
  /** Anything that the application put there; authenticated by nobody. Not empty. */
  readonly extra?: Uint8Array;
}

const HEADER = 'c2sp.org/tlog-proof@v1';

/** Reads a proof; what it accepts, `formatTlogProof` writes back byte for byte. @throws TlogError malformed-proof */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
  const preamble = splitPreamble(bytes);
  if (preamble === undefined) throw malformed('no empty line before the checkpoint');
  const [header, ...fields] = preamble.lines;
  if (header !== HEADER) throw malformed(`the first line is not ${HEADER}`);

  const extraField = fields[0]?.startsWith('extra ') ? fields.shift() : undefined;
  const extra = extraField === undefined ? undefined : parseBase64(extraField.slice('extra '.length));
  if (extraField !== undefined && !extra?.length) throw malformed('the extra line has no base64');

  const [indexField = '', ...hashLines] = fields;
  const index = indexField.startsWith('index ') ? parseDecimal(indexField.slice('index '.length)) : undefined;
  if (index === undefined) throw malformed('no line with the index, a decimal up to 2^63 - 1');
  const hashes = parseHashLines(hashLines);
  if (hashes === undefined) throw malformed(`should be up to ${PROOF_MAX_HASHES} hashes in base64`);
  return { index, hashes, checkpoint: preamble.checkpoint, ...(extra && { extra }) };
}

/** @throws TlogError malformed-proof */
export function formatTlogProof({ index, hashes, checkpoint, extra }: TlogProof): Uint8Array {
  if (index < 0n || index > MAX_SIZE) throw malformed(`index ${index} is not from 0 to 2^63 - 1`);
  if (!areProofHashes(hashes)) throw malformed(`should be up to ${PROOF_MAX_HASHES} hashes`);
  if (extra?.length === 0) throw malformed('empty extra data can not be written');
  const extraField = extra ? [`extra ${toBase64(extra)}`] : [];
  return joinPreamble({ lines: [HEADER, ...extraField, `index ${index}`, ...hashes.map(toBase64)], checkpoint });
}

function malformed(problem: string): TlogError {
  return new TlogError('malformed-proof', `tlog-proof: ${problem}`);
}
