import { fromBase64 } from '#crypto';
import { BytesError, utf8Decode } from '#libs/crypto';
import { HASH_BYTES, MAX_SIZE } from '#libs/merkle';
import { PROOF_MAX_HASHES } from '#libs/tlog';

/** What is asked of a witness with tlog-witness `POST sign-subtree`. */
export interface SubtreeRequest {
  readonly start: bigint;
  readonly end: bigint;
  readonly root: Uint8Array;
  /** Subtree consistency proof from the subtree to the reference checkpoint; not verified yet. */
  readonly proof: readonly Uint8Array[];
  /** The reference checkpoint, a signed note. Not verified, not even parsed. */
  readonly checkpoint: Uint8Array;
}

const NEWLINE = 0x0a;
const RANGE = /^subtree (0|[1-9]\d{0,18}) (0|[1-9]\d{0,18})$/;

/** Undefined for a body of another form. */
export function parseSubtreeRequest(body: Uint8Array): SubtreeRequest | undefined {
  // At the first empty line: the note behind it may hold more of them.
  const split = body.findIndex((byte, i) => byte === NEWLINE && body[i + 1] === NEWLINE);
  if (split === -1) return undefined;
  try {
    const [range = '', ...hashLines] = utf8Decode(body.subarray(0, split)).split('\n');
    const [, start, end] = RANGE.exec(range) ?? [];
    const [root, ...proof] = hashLines.map(fromBase64);
    if (start === undefined || end === undefined || !root || proof.length > PROOF_MAX_HASHES) return undefined;
    if ([root, ...proof].some((hash) => hash.length !== HASH_BYTES) || BigInt(end) > MAX_SIZE) return undefined;
    return { start: BigInt(start), end: BigInt(end), root, proof, checkpoint: body.subarray(split + 2) };
  } catch (error) {
    if (error instanceof BytesError) return undefined;
    throw error;
  }
}
