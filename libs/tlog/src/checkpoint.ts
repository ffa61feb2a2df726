import { toBase64 } from '#crypto';
import { BytesError, utf8Decode, utf8Encode } from '#libs/crypto';
import { HASH_BYTES, MAX_SIZE } from '#libs/merkle';
import { openNote, type NoteVerifier, type OpenedNote } from '#libs/note';
import { TlogError } from './error.js';
import { parseDecimal, parseHash } from './line.js';

/** A log's tree head: the text of the signed note that tlog-checkpoint specifies. */
export interface Checkpoint {
  /** The log's name; not empty. */
  readonly origin: string;
  readonly size: bigint;
  readonly root: Uint8Array;
  /** Opaque lines after the first three; tlog-checkpoint advises against them. */
  readonly extensions: readonly string[];
}

/** Reads a checkpoint's text; what it accepts, `formatCheckpoint` writes back byte for byte. @throws TlogError malformed-checkpoint */
export function parseCheckpoint(text: Uint8Array): Checkpoint {
  const lines = decode(text).split('\n');
  const [origin = '', decimal = '', base64 = '', ...rest] = lines;
  const extensions = rest.slice(0, -1);
  if (rest.at(-1) !== '' || origin === '' || extensions.includes('')) {
    throw malformed('should be three or more lines, none of them empty, each with its newline');
  }
  const size = parseDecimal(decimal);
  if (size === undefined) throw malformed(`tree size ${JSON.stringify(decimal)} is no decimal up to 2^63 - 1`);
  const root = parseHash(base64);
  if (root === undefined) throw malformed(`root hash is not ${HASH_BYTES} bytes in base64`);
  return { origin, size, root, extensions };
}

/** The text to be signed, with its final newline. @throws TlogError malformed-checkpoint */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): Uint8Array {
  if ([origin, ...extensions].some((line) => line === '' || line.includes('\n'))) {
    throw malformed('a line is empty or holds a newline');
  }
  if (size < 0n || size > MAX_SIZE) throw malformed(`tree size ${size} is not from 0 to 2^63 - 1`);
  if (root.length !== HASH_BYTES) throw malformed(`the root has ${root.length} bytes, not ${HASH_BYTES}`);
  return utf8Encode([origin, size, toBase64(root), ...extensions].map((line) => `${line}\n`).join(''));
}

/** A checkpoint, its note, and the signatures in it that known keys made. */
export interface OpenedCheckpoint extends OpenedNote {
  readonly checkpoint: Checkpoint;
}

/**
 * Verifies a note as `openNote` does, and reads it as the checkpoint of the log whose key signed it: one of the verified
 * keys must have the origin as its name (tlog-checkpoint, "Signatures"). Verifiers of witnesses may be among the others.
 * @throws TlogError malformed-checkpoint, origin-mismatch, and the NoteErrors of `openNote`
 */
export function openCheckpoint(bytes: Uint8Array, verifiers: readonly NoteVerifier[]): OpenedCheckpoint {
  const { note, verified } = openNote(bytes, verifiers);
  const checkpoint = parseCheckpoint(note.text);
  if (!verified.some(({ name }) => name === checkpoint.origin)) {
    throw new TlogError(
      'origin-mismatch',
      `checkpoint of ${checkpoint.origin}: signed by ${verified.map(({ name }) => name).join(', ')} only`,
    );
  }
  return { checkpoint, note, verified };
}

function decode(text: Uint8Array): string {
  try {
    return utf8Decode(text);
  } catch (cause) {
    if (cause instanceof BytesError) throw malformed('not valid UTF-8', { cause });
    throw cause;
  }
}

function malformed(problem: string, options?: ErrorOptions): TlogError {
  return new TlogError('malformed-checkpoint', `checkpoint: ${problem}`, options);
}
