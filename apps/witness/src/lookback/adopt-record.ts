import { utf8Encode } from '#libs/crypto';
import { SqliteEventStore } from '#libs/event-store';
import { formatNote, isSameKey, openNote, parseNote } from '#libs/note';
import { SettingsError } from '#libs/server';
import { originHash, parseCheckpoint, parseCosignature } from '#libs/tlog';
import type { Logger } from 'pino';
import type { WitnessConfig } from '../config.js';
import { Heads } from '../cosigning/heads.js';
import { openCosigner } from '../cosigning/open-cosigner.js';
import { eventStorePath } from '../data-directory.js';
import { OutdatedRecords } from './outdated.js';

/**
 * The operator's act after a restored backup: what was found to have been cosigned becomes the record of the log. The
 * service has to be stopped. That nothing newer was cosigned nobody can know: it is his to answer for.
 * @throws SettingsError when there is nothing to adopt, EventStoreError, SignerError
 */
export async function adoptRecord(config: WitnessConfig, origin: string, logger: Logger): Promise<bigint> {
  const { verifiers } = await openCosigner({ ...config, makeKeys: false });
  const store = await SqliteEventStore.open({ path: eventStorePath(config.dataDirectory) });
  try {
    const outdated = await OutdatedRecords.open(store, logger);
    const found = outdated.find(origin);
    if (!found) throw new SettingsError(`nothing was found that ${origin} was cosigned beyond the record`);
    const heads = new Heads(store, logger);
    const head = await heads.load(originHash(origin));
    const note = parseNote(utf8Encode(found.note));
    const { size, root } = parseCheckpoint(note.text);
    if (head.cosigned && size <= head.cosigned.size) {
      throw new SettingsError(
        `size ${size} was cosigned with another root or at another time, and the record of ${origin} ends at ${head.cosigned.size}: ` +
          'two histories can not both be kept. Give this witness up: another name, other keys, other data',
      );
    }
    const { verified } = openNote(note, verifiers);
    const timestamps = verified.map(({ signature }) => parseCosignature(signature).timestamp);
    const timestamp = timestamps.reduce((one, other) => (one > other ? one : other), head.cosigned?.timestamp ?? 0n);
    // The lines of the log were not verified when the note was found: the log's own checkpoint can be fetched from it.
    const signatures = note.signatures.filter(
      (line) => line.name === origin || verified.some((own) => isSameKey(own, line)),
    );
    const adopted = { size, root, timestamp, note: formatNote({ text: note.text, signatures }) };
    if (!(await heads.advance(originHash(origin), head, adopted))) throw new SettingsError('another process was here');
    await outdated.accept(origin);
    return size;
  } finally {
    await store.close();
  }
}
