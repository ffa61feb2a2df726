import { expect, test } from '@jest/globals';
import { MemoryEventStore } from '#libs/event-store';
import { openSignedHeads } from '#libs/evidence';
import { createLogger } from '#libs/server';
import { SignedLog } from '../../../test/signed-log.js';
import { HeadStore } from './head-store.js';
import { PackedHead, headId } from './held-head.js';
import { HeldLogs } from './held-logs.js';

const quiet = createLogger('test', { write: () => undefined });

test('two logs whose origins have hashes that begin alike are held apart, through a new start too', async () => {
  const [one, other] = [new SignedLog('one.example'), new SignedLog('other.example')];
  const held = new HeldLogs(() => '0'.repeat(16));
  const store = new MemoryEventStore();
  const heads = new HeadStore(store, false, quiet);
  const ids: string[] = [];
  for (const log of [one, other]) {
    const [head] = openSignedHeads(await log.note(log.head(5)), [log.signer.key]);
    const id = headId(head!);
    ids.push(id);
    const added = held.find(log.origin) ?? held.add(log.origin);
    added.add(new PackedHead(head!, id, { from: 'log', reserved: true, sinceMs: 0, cosignatures: [] }), false);
    heads.changed(added);
  }
  expect(held.find(one.origin)?.all.map(({ id }) => id)).toEqual([ids[0]]);
  expect(held.find(other.origin)?.all.map(({ id }) => id)).toEqual([ids[1]]);
  expect(held.find('third.example')).toBeUndefined();
  expect(held.head(ids[1]!)?.id).toBe(ids[1]);
  await heads.flush();
  const stored = await new HeadStore(store, false, quiet).load();
  expect([...stored.keys()].toSorted()).toEqual([one.origin, other.origin]);
});
