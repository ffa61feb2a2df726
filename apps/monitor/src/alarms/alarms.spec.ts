import { expect, test } from '@jest/globals';
import { MemoryEventStore } from '#libs/event-store';
import { createLogger } from '#libs/server';
import { AlarmStore } from './alarm-store.js';
import type { Finding } from './alarm.js';
import { Alarms } from './alarms.js';

const quiet = createLogger('test', { write: () => undefined });
const finding = (verdict: Finding['verdict'], change: Partial<Finding> = {}): Finding => ({
  kind: 'unreachable',
  origin: 'log.example',
  subject: 'https://log.example',
  verdict,
  message: 'gone',
  ...change,
});

function opener(): {
  open: () => Promise<Alarms>;
  flush: () => Promise<void>;
  store: MemoryEventStore;
  clock: { ms: number };
} {
  const store = new MemoryEventStore();
  const clock = { ms: 1_000 };
  let last = new AlarmStore(store, quiet);
  const open = async (): Promise<Alarms> => {
    await last.flush();
    last = new AlarmStore(store, quiet);
    return Alarms.open({ store: last, logger: quiet, now: () => clock.ms });
  };
  return { open, flush: () => last.flush(), store, clock };
}

test('an alarm is raised once, and is the same one through a new start', async () => {
  const { open, clock } = opener();
  const alarms = await open();
  alarms.apply(finding('on'));
  clock.ms = 2_000;
  alarms.apply(finding('on', { message: 'still gone' }));
  const [alarm] = alarms.all();
  expect(alarms.all()).toMatchObject([{ sinceMs: 1_000, lastMs: 2_000, message: 'still gone' }]);
  const again = await open();
  again.apply(finding('on'));
  expect(again.all()).toMatchObject([{ id: alarm?.id, sinceMs: 1_000 }]);
});

test('what is undecided neither begins nor ends an alarm', async () => {
  const alarms = await opener().open();
  alarms.apply(finding('undecided'));
  expect(alarms.all()).toEqual([]);
  alarms.apply(finding('on'));
  alarms.apply(finding('undecided'));
  expect(alarms.all()).toHaveLength(1);
  alarms.apply(finding('off'));
  expect(alarms.all()).toEqual([]);
});

test('an alarm that comes back is another one', async () => {
  const { open, clock } = opener();
  const alarms = await open();
  alarms.apply(finding('on'));
  clock.ms = 2_000;
  alarms.apply(finding('off'));
  clock.ms = 3_000;
  alarms.apply(finding('on'));
  expect(alarms.all()[0]?.id).not.toBe(alarms.cleared()[0]?.id);
});

test('one that ended before anybody was told is told twice: that it began, and that it is over', async () => {
  const { open, clock } = opener();
  const before = await open();
  before.apply(finding('on'));
  clock.ms = 2_000;
  before.apply(finding('off'));
  const alarms = await open();
  const told: string[] = [];
  for (let next = alarms.untold(); next; next = alarms.untold()) {
    told.push(next.state);
    alarms.told(next.alarm.id, next.state);
  }
  expect(told).toEqual(['raised', 'cleared']);
  expect((await open()).untold()).toBeUndefined();
});

test('alarms about what is not watched any more are over', async () => {
  const alarms = await opener().open();
  alarms.apply(finding('on'));
  alarms.apply(finding('on', { origin: 'other.example' }));
  alarms.retain(({ origin }) => origin === 'log.example');
  expect(alarms.all().map(({ origin }) => origin)).toEqual(['log.example']);
});

test('the stream has one event, however much happens', async () => {
  const { open, flush, store } = opener();
  const alarms = await open();
  for (let i = 0; i < 300; i++) {
    alarms.apply(finding('on', { subject: String(i) }));
    alarms.apply(finding('off', { subject: String(i) }));
    if (i % 20 === 0) await flush();
  }
  await flush();
  const events = [];
  for await (const event of store.readStream('alarms')) events.push(event);
  expect(events).toHaveLength(1);
  expect(alarms.cleared()).toHaveLength(256);
});

test('stored alarms of another layout stop the start', async () => {
  const { open, store } = opener();
  await store.append('alarms', 'no_stream', [
    { id: '00000000-0000-8000-8000-000000000000', type: 'AlarmsHeld/v9', data: new Uint8Array() },
  ]);
  await expect(open()).rejects.toThrow('AlarmsHeld/v9');
});

test('evidence has room beside any number of other alarms, and is told first', async () => {
  const { open, flush, clock } = opener();
  const alarms = await open();
  for (let i = 0; i < 1100; i++) alarms.apply(finding('on', { subject: `https://log.example/${i}` }));
  clock.ms = 9_000;
  alarms.apply(finding('on', { kind: 'evidence', subject: 'a key' }));
  expect(alarms.count('unreachable')).toBe(1024);
  expect(alarms.untold()).toMatchObject({ alarm: { kind: 'evidence' }, state: 'raised' });
  await flush();
  expect((await open()).count('evidence')).toBe(1);
});
