import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { createLogger } from '#libs/server';
import type { HeldHead } from './held-head.js';
import { HeldHeads } from './held-heads.js';
import { Linker } from './linker.js';

const ORIGIN = 'log.example';
let linker: Linker | undefined;
afterEach(() => linker?.close());

function head(size: bigint): HeldHead {
  const id = String(size);
  return {
    id,
    keyId: '00000000',
    size,
    note: new Uint8Array(0),
    sinceMs: 0,
    from: 'peer',
    reserved: true,
    linkedTo: undefined,
    cosignatures: [],
  };
}

/** A log that nobody has tiles of, and how often it was looked at. */
function withheld(): { linker: Linker; passes: () => number } {
  const held = new HeldHeads(ORIGIN);
  for (const size of [5n, 9n]) held.add(head(size), false);
  let passes = 0;
  linker = new Linker({
    find: () => {
      passes += 1;
      return { log: { origin: ORIGIN, keys: [], sources: [] }, held };
    },
    open: () => {
      throw new Error('not compared');
    },
    shown: () => [],
    convict: () => undefined,
    suspect: () => undefined,
    forget: () => undefined,
    changed: () => undefined,
    logger: createLogger('test', { write: () => undefined }),
    backoffMs: [0, 3_600_000],
  });
  return { linker, passes: () => passes };
}

test('a log that withholds the tiles of one head does not buy time for the next one', async () => {
  const { linker, passes } = withheld();
  linker.request(ORIGIN, true);
  await delay(100);
  expect(passes()).toBe(1);
  linker.request(ORIGIN, true);
  while (passes() < 2) await delay(10);
});

test('heads that can not be linked are not looked at again because the log goes on', async () => {
  const { linker, passes } = withheld();
  linker.request(ORIGIN, true);
  await delay(100);
  for (let i = 0; i < 10; i++) linker.request(ORIGIN, false);
  await delay(2_500);
  expect(passes()).toBe(1);
});
