import { NoteError, openNote, parseNote, type NoteSignature } from '#libs/note';
import { TlogError, parseAddCheckpointRequest, parseCheckpoint, type Checkpoint } from '#libs/tlog';
import type { KnownLogs } from './known-logs.js';
import { refuse, type Refusal } from './refusal.js';

/** A checkpoint that a known log has signed, and what it wants it to be compared with. */
export interface Proposal {
  readonly kind: 'proposal';
  readonly oldSize: bigint;
  /** RFC 6962 consistency proof from the old size; not verified yet. */
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: Checkpoint;
  /** Those that verify, of keys that are trusted for the origin. Nothing else that stood in the note goes any further. */
  readonly signatures: readonly NoteSignature[];
}

/** Everything about a request that can be judged without knowing what was cosigned before: its form, its origin, who signed. */
export function readProposal(body: Uint8Array, logs: KnownLogs): Proposal | Refusal {
  try {
    const { oldSize, proof, checkpoint: bytes } = parseAddCheckpointRequest(body);
    const note = parseNote(bytes);
    const checkpoint = parseCheckpoint(note.text);
    const verifiers = logs.verifiersOf(checkpoint.origin);
    if (verifiers.length === 0) return refuse('unknown-origin', 'the origin is not known here');
    const { verified } = openNote(note, verifiers);
    return { kind: 'proposal', oldSize, proof, checkpoint, signatures: verified };
  } catch (error) {
    if (error instanceof NoteError && error.code !== 'malformed-note')
      return refuse('untrusted-signature', error.message);
    if (error instanceof NoteError || error instanceof TlogError) return refuse('malformed-request', error.message);
    throw error;
  }
}
