import type { EventStore, Expected } from '#libs/event-store';
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
  readonly published?: CheckpointPublished;
  /** Note of the published checkpoint as it was signed. */
  readonly publishedNote?: Uint8Array;
}

/**
 * Follows the checkpoint stream from what is known already to its head.
 * @param onSigned is shown every signed checkpoint
 * @throws LogError unknown-event
 */
export async function followCheckpoints(
  store: EventStore,
  stream: string,
  known: Checkpoints,
  onSigned: (signed: CheckpointSigned) => void = () => undefined,
): Promise<Checkpoints> {
  let state = known;
  const from = known.revision === 'no_stream' ? 0n : known.revision + 1n;
  for await (const event of store.readStream(stream, { from })) {
    switch (event.type) {
      case EVENT.checkpointSigned: {
        const signed = readCheckpointSigned(event);
        onSigned(signed);
        state = { ...state, revision: event.revision, signed };
        break;
      }
      case EVENT.checkpointPublished: {
        const published = readCheckpointPublished(event);
        if (published.size !== state.signed?.size) {
          throw new LogError(
            'unknown-event',
            `event ${event.revision} of ${stream} publishes size ${published.size}, which is not the size signed before it`,
          );
        }
        state = { ...state, revision: event.revision, published, publishedNote: state.signed.note };
        break;
      }
      default:
        throw new LogError(
          'unknown-event',
          `event ${event.revision} of ${stream} is a ${event.type}, which this version doesn't know`,
        );
    }
  }
  return state;
}
