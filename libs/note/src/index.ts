export { NoteError } from './error.js';
export type { NoteErrorCode } from './error.js';
export { KEY_TYPE, formatVerifierKey, fullKeyId, isKeyName, parseVerifierKey, verifierKey } from './key.js';
export type { VerifierKey } from './key.js';
export {
  NOTE_MAX_BYTES,
  NOTE_MAX_SIGNATURES,
  formatNote,
  formatSignatureLine,
  parseNote,
  parseSignatureLines,
} from './note.js';
export type { Note, NoteSignature } from './note.js';
export { isSameKey, noteVerifier, openNote } from './verifier.js';
export type { NoteVerifier, OpenedNote } from './verifier.js';
export { signNote } from './signer.js';
export type { NoteSigner } from './signer.js';
