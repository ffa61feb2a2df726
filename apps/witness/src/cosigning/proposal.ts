import { HEAD_MAX_BYTES } from '#libs/evidence';
import {
  NoteError,
  formatNote,
  isSameKey,
  openNote,
  parseNote,
  type Note,
  type NoteSignature,
  type VerifierKey,
} from '#libs/note';
import { TlogError, parseAddCheckpointRequest, parseCheckpoint, type Checkpoint } from '#libs/tlog';
import { equalBytes } from '#libs/crypto';
import type { KnownLog, KnownLogs, LogKey } from '../logs/known-logs.js';
import type { SeenHead } from './observer.js';
import { refuse, type Refusal } from './refusal.js';

/** A checkpoint that a known log has signed, and what it wants it to be compared with. */
export interface Proposal {
  readonly kind: 'proposal';
  readonly oldSize: bigint;
  /** RFC 6962 consistency proof from the old size; not verified yet. */
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: Checkpoint;
  /** Those that verify, of keys that are trusted for the origin. */
  readonly signatures: readonly NoteSignature[];
}

/** A request as it came, read: the proposal goes on, the rest is for those who watch. */
export interface Submission {
  readonly kind: 'submission';
  readonly proposal: Proposal;
  readonly log: KnownLog;
  /** The note with all its lines. */
  readonly note: Note;
  /** One for each signature that verifies. */
  readonly heads: readonly SeenHead[];
}

/** Everything about a request that can be judged without knowing what was cosigned before: its form, its origin, who signed. */
export function readSubmission(body: Uint8Array, logs: KnownLogs): Submission | Refusal {
  try {
    const { oldSize, proof, checkpoint: bytes } = parseAddCheckpointRequest(body);
    const note = parseNote(bytes);
    const checkpoint = parseCheckpoint(note.text);
    const log = logs.find(checkpoint.origin);
    const keys = logs.keysOf(checkpoint.origin);
    if (!log || keys.length === 0) return refuse('unknown-origin', 'the origin is not known here');
    const signatures = note.signatures.filter(isFirstOfItsKind);
    const verifiers = keys.map(({ verifier }) => verifier);
    const { verified } = openNote({ text: note.text, signatures }, verifiers);
    const heads = verified.map((line) => seenHead(keyOf(line, note.text, keys).key, checkpoint, note.text, line));
    // What can neither be gossiped nor brought in evidence is a history that nobody else would ever see.
    if (bytes.length > HEAD_MAX_BYTES && heads.some((head) => head.note.length > HEAD_MAX_BYTES)) {
      return refuse('malformed-request', `a checkpoint with one signature has at most ${HEAD_MAX_BYTES} bytes`);
    }
    const proposal = { kind: 'proposal', oldSize, proof, checkpoint, signatures: verified } as const;
    return { kind: 'submission', proposal, log, note, heads };
  } catch (error) {
    if (error instanceof NoteError && error.code !== 'malformed-note')
      return refuse('untrusted-signature', error.message);
    if (error instanceof NoteError || error instanceof TlogError) return refuse('malformed-request', error.message);
    throw error;
  }
}

/** A function of its own, so that what waits for the disk holds on to nothing else, above all not to keys that are ready. */
function seenHead(key: VerifierKey, checkpoint: Checkpoint, text: Uint8Array, signature: NoteSignature): SeenHead {
  return {
    key,
    checkpoint,
    // Made when an observer asks for it: of what is cosigned nobody does.
    get note() {
      return formatNote({ text, signatures: [signature] });
    },
  };
}

/** One good signature a hundred times over must not cost a hundred verifications. */
function isFirstOfItsKind(line: NoteSignature, index: number, lines: readonly NoteSignature[]): boolean {
  return !lines.slice(0, index).some((other) => isSameKey(other, line) && equalBytes(other.signature, line.signature));
}

/** The one that made a signature that was verified: two keys of one name could have one key ID, which is 4 bytes. */
function keyOf(signature: NoteSignature, text: Uint8Array, keys: readonly LogKey[]): LogKey {
  const [first, ...others] = keys.filter(({ verifier }) => isSameKey(signature, verifier));
  if (!first) throw new Error('a signature was verified by none of the keys');
  if (others.length === 0 || first.verifier.verify(text, signature.signature)) return first;
  return others.find(({ verifier }) => verifier.verify(text, signature.signature)) ?? first;
}
