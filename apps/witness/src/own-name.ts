import { utf8Decode, utf8Encode } from '#libs/crypto';
import { eventId, type EventStore } from '#libs/event-store';
import { SettingsError } from '#libs/server';

const STREAM = 'witness-name';
const NAMED = 'WitnessNamed/v1';

/**
 * Data belongs to one name. An Ed25519 cosignature does not say under which name it was made: the same key under two names
 * would be two witnesses in a quorum. @throws SettingsError, EventStoreError
 */
export async function expectOwnName(store: EventStore, name: string): Promise<void> {
  const named = await store.last(STREAM);
  if (named === undefined) {
    const data = utf8Encode(name);
    await store.append(STREAM, 'no_stream', [{ id: eventId('witness-name/v1', data), type: NAMED, data }]);
    return;
  }
  const known = utf8Decode(named.data);
  if (named.type !== NAMED || known !== name) {
    throw new SettingsError(
      `this is the data of the witness ${known}, and its name is said to be ${name}: a name can never change. Another name needs other keys and other data`,
    );
  }
}
