import { fromBase64, toBase64 } from '#crypto';
import { concatBytes, utf8Decode, utf8Encode } from '#libs/crypto';
import { NoteError } from './error.js';
import { KEY_ID_BYTES, isKeyName } from './key.js';

/** Far above any checkpoint with post-quantum cosignatures; Go's parser has the same limit. */
export const NOTE_MAX_BYTES = 1_000_000;

/** signed-note: at least 16 must be accepted. Each one may cost a verification. */
export const NOTE_MAX_SIGNATURES = 100;

/** One line under a note: `— <name> base64(key ID || signature)`. */
export interface NoteSignature {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** A text and who claims to have signed it. Nothing is verified yet: see `openNote`. */
export interface Note {
  /** With its final newline, without the blank line that follows. */
  readonly text: Uint8Array;
  readonly signatures: readonly NoteSignature[];
}

const NEWLINE = 0x0a;
const FIRST_PRINTABLE = 0x20;

/** Reads a signed note; what it accepts, `formatNote` writes back byte for byte. @throws NoteError malformed-note */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > NOTE_MAX_BYTES) throw malformed(`${bytes.length} bytes, the limit is ${NOTE_MAX_BYTES}`);
  const split = lastBlankLine(bytes);
  if (split === -1) throw malformed('no blank line between text and signatures');
  const text = bytes.subarray(0, split);
  requireText(text);
  return { text, signatures: parseSignatureLines(decode(bytes.subarray(split + 1))) };
}

/** @throws NoteError malformed-note if the text can't stand in a note, or there is no signature */
export function formatNote(note: Note): Uint8Array {
  requireText(note.text);
  if (note.signatures.length === 0) throw malformed('no signature');
  return concatBytes(note.text, utf8Encode(`\n${note.signatures.map(formatSignatureLine).join('')}`));
}

/** With its final newline. @throws NoteError malformed-note */
export function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  if (!isKeyName(name) || keyId.length !== KEY_ID_BYTES || signature.length === 0) {
    throw malformed(`signature of ${JSON.stringify(name)}: bad name, key ID or no signature`);
  }
  return `— ${name} ${toBase64(concatBytes(keyId, signature))}\n`;
}

/** Reads one or more signature lines, each with its newline: the end of a note, or a witness's answer. @throws NoteError malformed-note */
export function parseSignatureLines(text: string): NoteSignature[] {
  if (!text.endsWith('\n')) throw malformed('no newline after the last signature');
  const lines = text.slice(0, -1).split('\n', NOTE_MAX_SIGNATURES + 1);
  if (lines.length > NOTE_MAX_SIGNATURES) throw malformed(`more than ${NOTE_MAX_SIGNATURES} signatures`);
  return lines.map(parseSignatureLine);
}

/** Throws `malformed-note` unless the text is UTF-8 that ends in a newline and has no other ASCII control character. */
export function requireText(text: Uint8Array): void {
  if (text.at(-1) !== NEWLINE) throw malformed('the text does not end in a newline');
  // A loop: this is called a few times for each note, and `some` takes ten times as long.
  for (let i = 0; i < text.length; i++) {
    const byte = text[i] ?? 0;
    if (byte < FIRST_PRINTABLE && byte !== NEWLINE) throw malformed('a control character in the text');
  }
  decode(text);
}

function parseSignatureLine(line: string): NoteSignature {
  const [dash, name = '', base64 = '', ...rest] = line.split(' ');
  if (dash !== '—' || rest.length > 0 || !isKeyName(name)) {
    throw malformed(`a signature line is not "— name base64": ${JSON.stringify(line.slice(0, 100))}`);
  }
  const bytes = decodeSignature(base64, name);
  if (bytes.length <= KEY_ID_BYTES)
    throw malformed(`signature of ${name}: ${bytes.length} bytes, nothing after the key ID`);
  return { name, keyId: bytes.subarray(0, KEY_ID_BYTES), signature: bytes.subarray(KEY_ID_BYTES) };
}

/** Index of the second newline of the last pair: the text may hold empty lines, so the last one separates. -1: none. */
function lastBlankLine(bytes: Uint8Array): number {
  let at = bytes.lastIndexOf(NEWLINE);
  while (at > 0 && bytes[at - 1] !== NEWLINE) at = bytes.lastIndexOf(NEWLINE, at - 1);
  return at > 0 ? at : -1;
}

function decodeSignature(base64: string, name: string): Uint8Array {
  try {
    return fromBase64(base64);
  } catch (cause) {
    throw malformed(`signature of ${name} is not base64`, { cause });
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes);
  } catch (cause) {
    throw malformed('not valid UTF-8', { cause });
  }
}

function malformed(problem: string, options?: ErrorOptions): NoteError {
  return new NoteError('malformed-note', `note: ${problem}`, options);
}
