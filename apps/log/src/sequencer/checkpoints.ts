import { utf8Decode } from '#libs/crypto';
import type { EventStore, Expected, Revision } from '#libs/event-store';
import { formatNote, parseNote, parseSignatureLines, type NoteSignature } from '#libs/note';
import {
  EVENT,
  readCheckpointPublished,
  readCheckpointSigned,
  type CheckpointPublished,
  type CheckpointSigned,
} from '../events.js';
import { LogError } from '../log-error.js';

/** What the checkpoint stream of a log says. */
export interface Checkpoints {
  readonly revision: Expected;
  readonly signed?: CheckpointSigned;
  readonly signedRevision?: Revision;
  readonly published?: CheckpointPublished;
  /** The published checkpoint as it was signed. */
  readonly publishedAs?: CheckpointSigned;
}

/**
 * The state after each event of the checkpoint stream, from revision `from` on, which has to be the first event or a
 * CheckpointSigned.
 * @throws LogError unknown-event
 */
export async function* checkpointStates(
  store: EventStore,
  stream: string,
  from: Revision,
  known: Checkpoints = { revision: 'no_stream' },
): AsyncGenerator<Checkpoints, void, undefined> {
  let state = known;
  for await (const event of store.readStream(stream, { from })) {
    switch (event.type) {
      case EVENT.checkpointSigned: {
        const { revision } = event;
        state = { ...state, revision, signed: readCheckpointSigned(event), signedRevision: revision };
        break;
      }
      case EVENT.checkpointPublished: {
        const published = readCheckpointPublished(event);
        if (published.size !== state.signed?.size) {
          const place = `event ${event.revision} of ${stream}`;
          throw new LogError(
            'unknown-event',
            `${place} publishes size ${published.size}, which was not signed before it`,
          );
        }
        state = { ...state, revision: event.revision, published, publishedAs: state.signed };
        break;
      }
      default:
        throw new LogError(
          'unknown-event',
          `event ${event.revision} of ${stream} is a ${event.type}, which this version doesn't know`,
        );
    }
    yield state;
  }
}

/** Follows the stream from what is known to its head. @throws LogError unknown-event */
export async function followCheckpoints(store: EventStore, stream: string, known: Checkpoints): Promise<Checkpoints> {
  const from = known.revision === 'no_stream' ? 0n : known.revision + 1n;
  let state = known;
  for await (const next of checkpointStates(store, stream, from, known)) state = next;
  return state;
}

/** The note of the published checkpoint, with the cosignatures that are on record; undefined when none was published. */
export function publishedNote({ published, publishedAs }: Checkpoints): Uint8Array | undefined {
  if (!published || !publishedAs) return undefined;
  const lines = published.cosignatures.length > 0 ? parseSignatureLines(utf8Decode(published.cosignatures)) : [];
  return withCosignatures(publishedAs.note, lines);
}

/** The note as it is published. */
export function withCosignatures(note: Uint8Array, cosignatures: readonly NoteSignature[]): Uint8Array {
  const { text, signatures } = parseNote(note);
  return formatNote({ text, signatures: [...signatures, ...cosignatures] });
}
