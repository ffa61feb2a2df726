import { EntryError } from './entry-error.js';
import { readHashedRekord, type HashedRekordEntry } from './hashedrekord.js';
import { parseJson, readMessage, type MessageRules } from './message-reader.js';
import { readDsseV1, readHashedRekordV1, readIntotoV1, type RekorV1Entry } from './rekor-v1.js';

/** What may be logged. */
export type Entry = HashedRekordEntry;

/** What may be found in a log: `kind` and `apiVersion` together tell which. */
export type LoggedEntry = Entry | RekorV1Entry;

const RULES: MessageRules = {
  name: 'entry',
  refuse: (message, cause) => new EntryError('malformed-entry', message, { cause }),
  unknownFields: 'ignore',
};

/**
 * Parses a canonical body: hashedrekord 0.0.2, which must be byte for byte what `encodeEntry` writes, and the kinds of
 * Rekor v1: hashedrekord 0.0.1, dsse 0.0.1 and intoto 0.0.2.
 * @throws EntryError malformed-entry, unsupported-entry, not-canonical, unsupported-key-details
 */
export function parseEntry(body: Uint8Array): LoggedEntry {
  return readMessage(parseJson(body, RULES), RULES, (message): LoggedEntry => {
    const kindVersion = `${message.string('kind')} ${message.string('apiVersion')}`;
    switch (kindVersion) {
      case 'hashedrekord 0.0.2':
        return message.requiredMessage('spec', (spec) => readHashedRekord(spec, body));
      case 'hashedrekord 0.0.1':
        return message.requiredMessage('spec', readHashedRekordV1);
      case 'dsse 0.0.1':
        return message.requiredMessage('spec', readDsseV1);
      case 'intoto 0.0.2':
        return message.requiredMessage('spec', readIntotoV1);
      default:
        throw new EntryError('unsupported-entry', `the entry is of kind ${JSON.stringify(kindVersion.slice(0, 80))}`);
    }
  });
}
