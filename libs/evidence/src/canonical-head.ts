import { equalBytes } from '#libs/crypto';
import { formatNote, parseNote, type Note, type NoteSignature } from '#libs/note';
import {
  TlogError,
  formatCheckpoint,
  parseCheckpoint,
  parseRfc6962NoteSignature,
  type Checkpoint,
  type Rfc6962NoteSignature,
} from '#libs/tlog';
import { hasLowS } from './ecdsa-form.js';
import { EvidenceError, rethrown } from './error.js';
import { HEAD_MAX_BYTES } from './signed-head.js';

/** A head as it is gossiped, read; nothing in it is verified. */
export interface CanonicalHead {
  readonly note: Note;
  readonly checkpoint: Checkpoint;
  readonly signature: NoteSignature;
}

/** An RSA signature of 2048 bits: shorter ones are no RFC 6962 signature, and may be anybody else's. */
const RSA_SIGNATURE_MIN_BYTES = 256;

/**
 * Reads the form in which heads are gossiped and kept in evidence: at most HEAD_MAX_BYTES, one signature line, the same
 * bytes when written again, an ECDSA signature with the smaller s. No key is needed, so the kind of the signature is told
 * by its shape; with the key, `openSignedHeads` tells exactly.
 * @throws EvidenceError not-canonical
 */
export function parseCanonicalHead(bytes: Uint8Array): CanonicalHead {
  if (bytes.length > HEAD_MAX_BYTES) throw notCanonical(`${bytes.length} bytes, the limit is ${HEAD_MAX_BYTES}`);
  return rethrown('not-canonical', 'head', () => {
    const note = parseNote(bytes);
    const [signature, ...others] = note.signatures;
    if (signature === undefined || others.length > 0) {
      throw notCanonical(`${note.signatures.length} signatures, it should have one`);
    }
    const checkpoint = parseCheckpoint(note.text);
    // The parsers take nothing else; that they do is not worth relying on where an accusation hangs on it.
    if (!equalBytes(formatNote({ ...note, text: formatCheckpoint(checkpoint) }), bytes)) {
      throw notCanonical('it is written in another way');
    }
    requireOneForm(checkpoint, signature);
    return { note, checkpoint, signature };
  });
}

function requireOneForm({ origin, extensions }: Checkpoint, { name, signature }: NoteSignature): void {
  const treeHead = readTreeHead(signature);
  if (hasLowS(treeHead?.signature ?? signature) === false) {
    throw notCanonical('of the two forms of its ECDSA signature it has the one with the larger s');
  }
  if (treeHead === undefined) return;
  if (treeHead.scheme === 'ecdsa-sha256' && hasLowS(treeHead.signature) === undefined) {
    throw notCanonical('its ECDSA signature is not minimal DER');
  }
  if (origin !== name || extensions.length > 0) {
    throw notCanonical(
      'an RFC 6962 signature covers neither origin nor extension lines: they should be the key’s name, and none',
    );
  }
}

function readTreeHead(signature: Uint8Array): Rfc6962NoteSignature | undefined {
  try {
    const treeHead = parseRfc6962NoteSignature(signature);
    const isRsa = treeHead.scheme === 'rsa-pkcs1-sha256';
    return isRsa && treeHead.signature.length < RSA_SIGNATURE_MIN_BYTES ? undefined : treeHead;
  } catch (error) {
    if (error instanceof TlogError) return undefined;
    throw error;
  }
}

function notCanonical(problem: string): EvidenceError {
  return new EvidenceError('not-canonical', `head: ${problem}`);
}
