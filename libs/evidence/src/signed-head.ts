import { importPublicKey } from '#crypto';
import { equalBytes } from '#libs/crypto';
import {
  KEY_TYPE,
  formatNote,
  isSameKey,
  parseNote,
  type Note,
  type NoteSignature,
  type NoteVerifier,
  type VerifierKey,
} from '#libs/note';
import {
  TlogError,
  cosignatureVerifier,
  encodeRfc6962NoteSignature,
  formatCheckpoint,
  logVerifier,
  parseCheckpoint,
  parseCosignature,
  parseRfc6962NoteSignature,
  type Checkpoint,
} from '#libs/tlog';
import { withLowS } from './ecdsa-form.js';
import { EvidenceError, rethrown } from './error.js';

/** Of a head in canonical form: an ML-DSA-44 line has 3.3 KB. Longer ones can be neither gossiped nor brought in evidence. */
export const HEAD_MAX_BYTES = 16_384;

/**
 * A checkpoint under one signature of one known key, in canonical form: what the key signed and exactly that one line, so
 * that nobody but the key's holder can make a second form of it.
 *
 * - An ECDSA signature has the smaller s (see ecdsa-form.ts): it verifies exactly if the one that was made does.
 * - What a signature does not cover is not kept: extension lines under 0x05 and 0x06; under 0x05, which does not cover the
 *   origin either, the origin is the name of the key.
 */
export interface SignedHead {
  readonly key: VerifierKey;
  readonly checkpoint: Checkpoint;
  readonly note: Uint8Array;
}

/**
 * The heads that these keys signed in a note: one for each key that verifies, all other lines dropped, those of known keys
 * that don't verify too. Log keys (0x01, 0x02) open only a note of the origin that is their name; cosigners' keys
 * (0x04, 0x06) one of any origin; RFC 6962 keys (0x05) whatever carries their signature.
 *
 * Bytes are a canonical head of one of `keys` exactly if this gives one head, and its note is these bytes.
 * @throws EvidenceError malformed-note, unsupported-key
 */
export function openSignedHeads(note: Uint8Array | Note, keys: readonly VerifierKey[]): SignedHead[] {
  return openHeads(note, keys, (key) => (text, signature) => headVerifier(key).verify(text, signature));
}

/**
 * The same of a note whose lines of these keys were all verified before, or made, by the caller: they are not verified again.
 * @throws EvidenceError malformed-note, unsupported-key
 */
export function verifiedHeads(note: Uint8Array | Note, keys: readonly VerifierKey[]): SignedHead[] {
  return openHeads(note, keys, () => () => true);
}

/**
 * The head that this key signed in a note that was opened before, and is kept: the signature is not verified again.
 * @throws EvidenceError malformed-note, also when there is no line of the key, unsupported-key
 */
export function verifiedHead(note: Uint8Array, key: VerifierKey): SignedHead {
  const [head] = verifiedHeads(note, [key]);
  if (head === undefined) throw new EvidenceError('malformed-note', `head: no line of the key ${key.name}`);
  return head;
}

/** Whether two verifier keys are one: by name, type and the key itself; never by the four bytes of the ID. */
export function isSameVerifierKey(a: VerifierKey, b: VerifierKey): boolean {
  return a.name === b.name && a.type === b.type && equalBytes(a.publicKey, b.publicKey);
}

/** The time that a head's signature states, in milliseconds since 1970; undefined where it states none. */
export function statedTimeMs({ key, note }: SignedHead): bigint | undefined {
  const signature = parseNote(note).signatures[0]?.signature ?? new Uint8Array(0);
  switch (key.type) {
    case KEY_TYPE.cosignature:
    case KEY_TYPE.mlDsa44Cosignature: {
      const { timestamp } = parseCosignature(signature);
      // tlog-cosignature: 0 says nothing about when.
      return timestamp === 0n ? undefined : timestamp * 1000n;
    }
    case KEY_TYPE.rfc6962:
      return parseRfc6962NoteSignature(signature).timestampMs;
    default:
      return undefined;
  }
}

function openHeads(
  note: Uint8Array | Note,
  keys: readonly VerifierKey[],
  verifierOf: (key: VerifierKey) => NoteVerifier['verify'],
): SignedHead[] {
  return rethrown('malformed-note', 'head', () => {
    const { text, signatures } = note instanceof Uint8Array ? parseNote(note) : note;
    const checkpoint = parseCheckpoint(text);
    return keys.flatMap((key) => {
      const lines = signatures.filter((line) => isSameKey(line, { name: key.name, keyId: key.id }));
      const head = lines.length === 0 ? undefined : openHead(key, checkpoint, lines, verifierOf(key));
      return head === undefined ? [] : [head];
    });
  });
}

function openHead(
  key: VerifierKey,
  checkpoint: Checkpoint,
  lines: readonly NoteSignature[],
  verifies: NoteVerifier['verify'],
): SignedHead | undefined {
  const covered = coveredBy(key, checkpoint);
  if (covered === undefined) return undefined;
  const text = formatCheckpoint(covered);
  for (const line of lines) {
    const signature = canonicalSignature(key, line.signature);
    if (signature === undefined || !verifies(text, signature)) continue;
    const note = formatNote({ text, signatures: [{ ...line, signature }] });
    if (note.length > HEAD_MAX_BYTES) {
      throw new EvidenceError('malformed-note', `head: ${note.length} bytes, the limit is ${HEAD_MAX_BYTES}`);
    }
    return { key, checkpoint: covered, note };
  }
  return undefined;
}

/** The part of a checkpoint that a signature of this key speaks for; undefined if the key does not sign for its origin. */
function coveredBy(key: VerifierKey, checkpoint: Checkpoint): Checkpoint | undefined {
  switch (key.type) {
    case KEY_TYPE.rfc6962:
      return { ...checkpoint, origin: key.name, extensions: [] };
    case KEY_TYPE.mlDsa44Cosignature:
      return { ...checkpoint, extensions: [] };
    case KEY_TYPE.cosignature:
      return checkpoint;
    default:
      return checkpoint.origin === key.name ? checkpoint : undefined;
  }
}

/** Importing a key takes longer than most checks with it. */
const verifiers = new WeakMap<VerifierKey, NoteVerifier>();

function headVerifier(key: VerifierKey): NoteVerifier {
  const known = verifiers.get(key);
  if (known) return known;
  const verifier = rethrown('unsupported-key', `key ${key.name}`, () =>
    key.type === KEY_TYPE.cosignature ? cosignatureVerifier(key) : logVerifier(key),
  );
  verifiers.set(key, verifier);
  return verifier;
}

function canonicalSignature(key: VerifierKey, signature: Uint8Array): Uint8Array | undefined {
  if (key.type === KEY_TYPE.ecdsa) return withLowS(signature, algorithmOf(key));
  if (key.type !== KEY_TYPE.rfc6962) return signature;
  try {
    const treeHead = parseRfc6962NoteSignature(signature);
    if (treeHead.scheme !== 'ecdsa-sha256') return signature;
    const low = withLowS(treeHead.signature, algorithmOf(key));
    return low && encodeRfc6962NoteSignature({ ...treeHead, signature: low });
  } catch (error) {
    if (error instanceof TlogError) return undefined;
    throw error;
  }
}

function algorithmOf(key: VerifierKey): ReturnType<typeof importPublicKey>['algorithm'] {
  return rethrown('unsupported-key', `key ${key.name}`, () => importPublicKey(key.publicKey).algorithm);
}
