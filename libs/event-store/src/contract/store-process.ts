import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventStore, NewEvent } from '../event-store.js';
import { EventStoreError } from '../event-store-error.js';
import { SqliteEventStore } from '../sqlite-event-store.js';
import { newEvent } from './subject.js';

/**
 * A process with a store, that writes until it is killed or until the disk fails it. On stdout it has one line for
 * every append that was acknowledged, `stream first last`, and at the end `failed` and the codes of its last calls.
 */
const WRITERS = 16;

function groupOf(size: number): NewEvent[] {
  return Array.from({ length: size }, (_, at) => {
    const content = Buffer.alloc(8 + Math.floor(Math.random() * 12_000), `${at}/${size} `);
    return newEvent(content);
  });
}

function say(line: string): void {
  writeSync(1, `${line}\n`); // not through a stream: a line is out before the next step
}

async function write(store: EventStore, stream: string): Promise<never> {
  for (;;) {
    const expected = await store.head(stream);
    const { first, last } = await store.append(stream, expected, groupOf(1 + Math.floor(Math.random() * 8)));
    say(`${stream} ${first} ${last}`);
  }
}

const codeOf = (error: unknown): string => (error instanceof EventStoreError ? error.code : String(error));

const [path = ''] = process.argv.slice(2);
try {
  const store = await SqliteEventStore.open({ path });
  const writers = Array.from({ length: WRITERS }, (_, at) => write(store, `stream-${at}`));
  const codes = (await Promise.allSettled(writers)).map((end) => codeOf((end as PromiseRejectedResult).reason));
  for (const attempt of [() => store.append('after', 'no_stream', groupOf(1)), () => store.head('stream-0')]) {
    codes.push(await attempt().then(() => 'no error', codeOf));
  }
  say(`failed ${codes.join(' ')}`);
  await sleep(60_000); // to be killed: nothing is cleaned up
} catch (error) {
  say(`failed ${codeOf(error)}`);
}
