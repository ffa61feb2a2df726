import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { EventStoreError, MemoryEventStore } from '#libs/event-store';
import { accusedId, formatEvidence, openSignedHeads, verifyEvidence } from '#libs/evidence';
import { formatNote, parseNote, type VerifierKey } from '#libs/note';
import { createLogger } from '#libs/server';
import { parseCheckpoint } from '#libs/tlog';
import { cosigner, ed25519Signer } from '../../../test/note-signers.js';
import { SignedLog } from '../../../test/signed-log.js';
import { FixedLogs, type KnownLog, type LogDirectory } from './known-log.js';
import type { ObserverOptions } from './observer-options.js';
import { Observer } from './observer.js';
import { ServedLog, temporaryFolder } from '../../../test/served-log.js';
import { Throttle } from './throttle.js';

const ORIGIN = 'log.example';
const closers: (() => Promise<void>)[] = [];
const quiet = createLogger('test', { write: () => undefined });
const stranger = { peer: 'peer-1' };

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function served(branch: string, options: Parameters<typeof ServedLog.start>[2] = {}): Promise<ServedLog> {
  const log = await ServedLog.start(ORIGIN, branch, options);
  closers.push(() => log.close());
  return log;
}

async function observing(
  log: Partial<KnownLog> & { keys: readonly VerifierKey[] },
  options: Partial<ObserverOptions> = {},
): Promise<Observer> {
  const folder = await temporaryFolder();
  closers.push(folder.remove);
  const logs = new FixedLogs([{ origin: ORIGIN, sources: [], ...log }]);
  const base = {
    store: new MemoryEventStore(),
    evidenceDirectory: folder.path,
    witnesses: [],
    storeAnchors: false,
    logger: quiet,
  };
  const observer = await Observer.open({ ...base, logs, ...options });
  closers.push(() => observer.close());
  return observer;
}

/** The head as it is gossiped. */
function canonical(note: Uint8Array, key: VerifierKey): Uint8Array {
  const [head] = openSignedHeads(note, [key]);
  return head!.note;
}

/** Patient: a machine that others use, too, may stand still for seconds. What was waited for is expected afterwards. */
async function until(condition: () => boolean, ms: number = 60_000): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end && !condition();) await delay(5);
}

describe('two heads of one size', () => {
  test('freeze the key, and the evidence is a file that verifies by itself', async () => {
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3, signer: a.signer });
    const { key } = a.signer;
    const observer = await observing({ keys: [key] });
    observer.advance(ORIGIN, await a.sign(5));
    expect(observer.freezing(key)).toBeUndefined();
    expect(observer.receive('checkpoint', canonical(await b.sign(5), key), stranger)).toBe('accept');
    expect(observer.freezing(key)).toBeDefined();
    await observer.settled();
    const file = readFileSync(observer.evidence.pathOf(accusedId(key)));
    expect(verifyEvidence(new Uint8Array(file))).toMatchObject({ role: 'log', origin: ORIGIN });
  });

  test('become evidence that is published before it is durable here, and is passed on when it comes from others until then', async () => {
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3, signer: a.signer });
    const { key } = a.signer;
    const published: Uint8Array[] = [];
    const observer = await observing({ keys: [key] });
    observer.publishTo({ head: () => undefined, evidence: (file) => published.push(file) });
    observer.advance(ORIGIN, await a.sign(5));
    observer.receive('checkpoint', canonical(await b.sign(5), key), stranger);
    const file = observer.freezing(key)!.bytes;
    expect(published).toEqual([file]);
    expect(observer.receive('evidence', file, stranger)).toBe('accept');
    await observer.settled();
    expect(published).toEqual([file]);
    expect(observer.receive('evidence', file, stranger)).toBe('ignore');
  });

  test('are found the other way round too, when the witness itself is shown the second one', async () => {
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3, signer: a.signer });
    const observer = await observing({ keys: [a.signer.key] });
    observer.receive('checkpoint', canonical(await b.sign(5), a.signer.key), stranger);
    observer.advance(ORIGIN, await a.sign(5));
    expect(observer.freezing(a.signer.key)).toBeDefined();
  });

  test('stay frozen through a new start, until the operator says otherwise', async () => {
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3, signer: a.signer });
    const { key } = a.signer;
    const store = new MemoryEventStore();
    const first = await observing({ keys: [key] }, { store });
    first.advance(ORIGIN, await a.sign(5));
    first.observe(await b.sign(5), 'log');
    await first.close();
    const second = await observing({ keys: [key] }, { store });
    expect(second.freezing(key)).toBeDefined();
    await second.evidence.unfreeze(accusedId(key));
    expect((await observing({ keys: [key] }, { store })).freezing(key)).toBeUndefined();
  });
});

test('a head that waits for its turn to be published is passed on when it comes from others', async () => {
  const log = await served('a');
  const observer = await observing({ keys: [log.signer.key] });
  const throttle = new Throttle(
    () => undefined,
    () => 0,
  );
  observer.publishTo({
    head: (origin, note, urgent) => throttle.head(origin, note, urgent),
    evidence: () => undefined,
    waits: (origin, note) => throttle.waits(origin, note),
  });
  const heads: Uint8Array[] = [];
  for (let size = 1; size <= 12; size++) {
    const note = await log.sign(size);
    heads.push(canonical(note, log.signer.key));
    observer.advance(ORIGIN, note);
  }
  expect(observer.receive('checkpoint', heads.at(-1)!, stranger)).toBe('accept');
  throttle.close();
});

test('what the caller has verified is an anchor and a cosignature like any other, and no signature is verified again', async () => {
  const log = await served('a');
  const witness = cosigner('w.example', 1_700_000_000n);
  const keys = [log.signer.key];
  const [one, other] = [
    await observing({ keys }, { witnesses: [witness.key] }),
    await observing({ keys }, { witnesses: [witness.key] }),
  ];
  const note = await log.sign(5, [witness]);
  one.advance(ORIGIN, note);
  const { text, signatures } = parseNote(note);
  // Were they verified, these would be found to be none.
  const unchecked = signatures.map((line) => ({ ...line, signature: line.signature.map((byte) => byte ^ 1) }));
  other.advanceVerified(ORIGIN, formatNote({ text, signatures: unchecked }));
  expect(other.view(ORIGIN).heads.map(({ id }) => id)).toEqual(one.view(ORIGIN).heads.map(({ id }) => id));
  expect([...other.ids()]).toEqual([...one.ids()]);
  expect(other.view(ORIGIN).witnesses).toHaveLength(1);
});

describe('heads of different sizes', () => {
  test('of one history: the older one is forgotten, once a proof links it', async () => {
    const log = await served('a');
    const observer = await observing({ keys: [log.signer.key], sources: [log.url] });
    const older = canonical(await log.sign(5), log.signer.key);
    observer.advance(ORIGIN, await log.sign(300));
    expect(observer.receive('checkpoint', older, stranger)).toBe('accept');
    await until(() => observer.count().loose === 0);
    expect(observer.count().loose).toBe(0);
    expect(observer.receive('checkpoint', older, stranger)).toBe('ignore');
    expect(observer.evidence.list()).toEqual([]);
  });

  test('of one history: a larger one waits, linked, until the witness gets there', async () => {
    const log = await served('a');
    const observer = await observing({ keys: [log.signer.key], sources: [log.url] });
    observer.advance(ORIGIN, await log.sign(5));
    const larger = canonical(await log.sign(9), log.signer.key);
    await log.sign(20);
    observer.receive('checkpoint', larger, stranger);
    await until(() => observer.count().unlinked === 0 && observer.view(ORIGIN).heads.length === 2);
    // The one that the log shows holds both.
    expect(observer.view(ORIGIN).heads.map(({ size }) => size)).toEqual([5n, 20n]);
    observer.advance(ORIGIN, await log.sign(20));
    expect(observer.view(ORIGIN).heads.map(({ size }) => size)).toEqual([20n]);
  });

  test.each([
    { anchored: 12, heard: 7, name: 'the one that was heard of is smaller' },
    { anchored: 7, heard: 12, name: 'the one that was heard of is larger, and its tiles are served to nobody' },
  ])('of two histories: evidence, when $name', async ({ anchored, heard }) => {
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3, signer: a.signer });
    const { key } = a.signer;
    const observer = await observing({ keys: [key], sources: [a.url] });
    observer.advance(ORIGIN, await a.sign(anchored));
    await a.sign(15);
    observer.receive('checkpoint', canonical(await b.sign(heard), key), stranger);
    await until(() => observer.freezing(key) !== undefined);
    expect(observer.freezing(key)?.proven.evidence.kind).toBe('different-sizes');
  });

  test('are linked when a copy of the log that always lags behind shows them', async () => {
    const log = await served('a');
    const { key } = log.signer;
    const observer = await observing({ keys: [key], sources: [log.url] });
    observer.advance(ORIGIN, await log.sign(5));
    const waits = (size: bigint): boolean =>
      observer.view(ORIGIN).heads.some((head) => head.size === size && head.linkedTo === undefined);
    for (const end of [20, 40, 60, 80]) {
      for (const size of [end - 5, end]) observer.receive('checkpoint', canonical(await log.sign(size), key), stranger);
      log.shownSize = end - 4;
      await until(() => !waits(BigInt(end - 5)) && waits(BigInt(end)));
      expect([waits(BigInt(end - 5)), waits(BigInt(end))]).toEqual([false, true]);
    }
  });

  test('that nobody can link stay, and are no evidence', async () => {
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3, signer: a.signer });
    a.serves = false;
    const { key } = a.signer;
    const store = new MemoryEventStore();
    const observer = await observing({ keys: [key], sources: [a.url] }, { store });
    observer.advance(ORIGIN, await a.sign(12));
    observer.receive('checkpoint', canonical(await b.sign(7), key), stranger);
    await until(() => a.requests > 0);
    await delay(50);
    expect(observer.freezing(key)).toBeUndefined();
    expect(observer.view(ORIGIN).heads.map(({ size }) => size)).toEqual([12n, 7n]);
    await observer.close();

    // They outlive the process, and convict as soon as somebody has the tiles.
    a.serves = true;
    const later = await observing({ keys: [key], sources: [a.url] }, { store });
    later.restore(ORIGIN, await a.sign(12));
    await until(() => later.freezing(key) !== undefined);
    expect(later.freezing(key)).toBeDefined();
  });
});

describe('a flood of honest heads', () => {
  test('does not bury the one of another history', async () => {
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3, signer: a.signer });
    const { key } = a.signer;
    a.serves = false;
    const observer = await observing({ keys: [key], sources: [a.url] });
    observer.advance(ORIGIN, await a.sign(4));
    const other = canonical(await b.sign(50), key);
    for (let size = 100; size < 400; size++) {
      observer.receive('checkpoint', canonical(await a.sign(size), key), { peer: `peer-${size % 40}` });
    }
    // Strangers have filled their share; a witness that is configured has its own.
    expect(observer.receive('checkpoint', other, stranger)).toBe('ignore');
    expect(observer.receive('checkpoint', other, { peer: 'w', witness: cosigner('w.example', 1n).key })).toBe('accept');
    a.serves = true;
    await until(() => observer.freezing(key) !== undefined);
    expect(observer.freezing(key)).toBeDefined();
  });

  test('leaves a head for later that there was no room for: the next exchange brings it', async () => {
    const log = await served('a');
    const { key } = log.signer;
    const observer = await observing({ keys: [key] });
    const heads: Uint8Array[] = [];
    for (let size = 1; size <= 33; size++) heads.push(canonical(await log.sign(size), key));
    for (const head of heads.slice(0, 32)) {
      expect(await observer.receiveSynced('checkpoint', head, stranger)).toBe('accept');
    }
    expect(await observer.receiveSynced('checkpoint', heads[32]!, stranger)).toBe('later');
    expect(observer.receive('checkpoint', heads[32]!, stranger)).toBe('ignore');
  });

  test('is bounded for each sender', async () => {
    const a = await served('a');
    const observer = await observing({ keys: [a.signer.key] }, { now: () => 0 });
    let accepted = 0;
    for (let size = 1; size <= 40; size++) {
      accepted +=
        observer.receive('checkpoint', canonical(await a.sign(size), a.signer.key), stranger) === 'accept' ? 1 : 0;
    }
    expect(accepted).toBe(20);
  });
});

describe('a message', () => {
  test('of an unknown log is ignored, one with a bad signature or in another form is rejected', async () => {
    const log = await served('a');
    const observer = await observing({ keys: [log.signer.key] });
    const good = canonical(await log.sign(5), log.signer.key);
    const bad = Uint8Array.from(good);
    const text = Buffer.from(good).toString();
    bad[text.indexOf('\n\n') - 10]! ^= 1;
    expect(observer.receive('checkpoint', bad, stranger)).toBe('reject');
    expect(observer.receive('checkpoint', Uint8Array.of(...good, 10), stranger)).toBe('reject');
    expect(observer.receive('checkpoint', new Uint8Array(0), stranger)).toBe('reject');
    expect(observer.receive('evidence', good, stranger)).toBe('reject');
    const foreign = await ServedLog.start('other.example');
    closers.push(() => foreign.close());
    expect(observer.receive('checkpoint', canonical(await foreign.sign(5), foreign.signer.key), stranger)).toBe(
      'ignore',
    );
    // A bad copy has not suppressed the good one.
    expect(observer.receive('checkpoint', good, stranger)).toBe('accept');
    expect(observer.receive('checkpoint', good, stranger)).toBe('ignore');
  });
});

describe('a cosigned checkpoint', () => {
  test('that the log it names did not sign is held against whoever sent it', async () => {
    const log = await served('a');
    const observer = await observing({ keys: [log.signer.key] });
    const { text, signatures } = parseNote(await log.sign(5));
    const forged = formatNote({
      text,
      signatures: signatures.map((line) => ({ ...line, signature: new Uint8Array(64) })),
    });
    expect(await observer.receiveSynced('cosigned', forged, stranger)).toBe('reject');
    const unknown = formatNote({ text, signatures: signatures.map((line) => ({ ...line, keyId: new Uint8Array(4) })) });
    expect(await observer.receiveSynced('cosigned', unknown, stranger)).toBe('ignore');
  });
});

describe('what is innocent', () => {
  test('evidence of a version that is not known yet is not held against whoever sent it', async () => {
    const observer = await observing({ keys: [] });
    const newer = Buffer.from('tallystick/evidence@v2\nkind new\n');
    expect(observer.receive('evidence', newer, stranger)).toBe('ignore');
  });

  test('a log that was begun anew under a new key accuses nobody', async () => {
    const before = await served('a');
    const after = await served('b', { forkAt: 0 });
    const keys = [before.signer.key, after.signer.key];
    const observer = await observing({ keys });
    observer.observe(await before.sign(5), 'log');
    observer.observe(await after.sign(5), 'log');
    await observer.settled();
    expect(observer.evidence.list()).toEqual([]);
    expect(observer.suspected().map(({ suspicion }) => suspicion.kind)).toEqual(['cross-key']);
  });

  test.each([
    { first: 12, second: 7 },
    { first: 7, second: 12 },
  ])('two histories of sizes $first and $second under two keys of a log are a suspicion', async ({ first, second }) => {
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3 });
    const keys = [a.signer.key, b.signer.key];
    const observer = await observing({ keys, sources: [a.url, b.url] });
    observer.advance(ORIGIN, await a.sign(first));
    observer.observe(await b.sign(second), 'https://w.example');
    await until(() => observer.suspected().length > 0);
    expect(observer.suspected().map(({ suspicion }) => suspicion.kind)).toEqual(['cross-key']);
    expect(observer.evidence.list()).toEqual([]);
  });

  test('one history of a log that changes its key is no suspicion', async () => {
    const a = await served('a');
    const b = await served('b');
    const keys = [a.signer.key, b.signer.key];
    const observer = await observing({ keys, sources: [a.url, b.url] });
    observer.advance(ORIGIN, await a.sign(7));
    observer.observe(await b.sign(12), 'https://w.example');
    await until(() => observer.count().unlinked === 0 && b.requests > 0);
    expect(observer.count().unlinked).toBe(0);
    expect(observer.suspected()).toEqual([]);
  });

  test("evidence against a stranger's key that bears a known name is not kept", async () => {
    const known = ed25519Signer(ORIGIN);
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3, signer: a.signer });
    const elsewhere = await observing({ keys: [a.signer.key] });
    elsewhere.observe(await a.sign(5), 'log');
    elsewhere.observe(await b.sign(5), 'log');
    const file = elsewhere.freezing(a.signer.key)!.bytes;
    const here = await observing({ keys: [known.key] });
    expect(here.receive('evidence', file, stranger)).toBe('ignore');
    expect(await here.accept(file)).toBe(false);
    expect(here.evidence.list()).toEqual([]);
  });
});

describe('witnesses', () => {
  test('a witness that cosigned both histories is convicted by the same notes', async () => {
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3, signer: a.signer });
    const faulty = cosigner('w.example', 1_700_000_000n);
    const observer = await observing({ keys: [a.signer.key], sources: [a.url] }, { witnesses: [faulty.key] });
    observer.observe(await b.sign(7, [faulty]), 'https://w.example');
    observer.observe(await a.sign(12, [faulty]), 'https://w.example');
    await until(() => observer.freezing(faulty.key) !== undefined);
    expect(observer.freezing(a.signer.key)?.proven.evidence.kind).toBe('different-sizes');
    expect(observer.freezing(faulty.key)?.proven).toMatchObject({ role: 'witness', origin: ORIGIN });
  });

  test('is convicted even if both cosignatures come when the log is convicted already', async () => {
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3, signer: a.signer });
    const [faulty, honest] = [cosigner('w.example', 1_700_000_000n), cosigner('v.example', 1_700_000_000n)];
    const observer = await observing(
      { keys: [a.signer.key], sources: [a.url] },
      { witnesses: [faulty.key, honest.key] },
    );
    const [larger, smaller] = [await a.sign(12, [faulty, honest]), await b.sign(7, [faulty])];
    observer.advance(ORIGIN, await a.sign(12));
    observer.receive('checkpoint', canonical(await b.sign(7), a.signer.key), stranger);
    await until(() => observer.freezing(a.signer.key) !== undefined);
    expect(await observer.receiveSynced('cosigned', larger, stranger)).toBe('accept');
    expect(observer.freezing(faulty.key)).toBeUndefined();
    expect(await observer.receiveSynced('cosigned', smaller, stranger)).toBe('accept');
    expect(observer.freezing(faulty.key)?.proven).toMatchObject({ role: 'witness', origin: ORIGIN });
    expect(observer.freezing(honest.key)).toBeUndefined();
  });

  test('is convicted even if the node was started anew between the two', async () => {
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3, signer: a.signer });
    const faulty = cosigner('w.example', 1_700_000_000n);
    const options = { store: new MemoryEventStore(), witnesses: [faulty.key] };
    const log = { keys: [a.signer.key], sources: [a.url] };
    const first = await observing(log, options);
    first.observe(await b.sign(7, [faulty]), 'https://w.example');
    await first.close();
    const second = await observing(log, options);
    second.observe(await a.sign(12, [faulty]), 'https://w.example');
    await until(() => second.freezing(faulty.key) !== undefined);
    expect(second.freezing(faulty.key)?.proven.role).toBe('witness');
  });

  test('their cosignatures travel by anti-entropy', async () => {
    const log = await served('a');
    const witness = cosigner('w.example', 1_700_000_000n);
    const one = await observing({ keys: [log.signer.key] }, { witnesses: [witness.key] });
    const other = await observing({ keys: [log.signer.key] }, { witnesses: [witness.key] });
    one.advance(ORIGIN, await log.sign(5, [witness]));
    for (const id of one.ids()) {
      const item = await one.get(id);
      expect(await other.receiveSynced(item!.topic, item!.data, stranger)).not.toBe('reject');
    }
    expect(other.view(ORIGIN).witnesses).toMatchObject([
      { witness: { name: 'w.example' }, head: { checkpoint: { size: 5n } } },
    ]);
    expect([...other.ids()].sort()).toEqual([...one.ids()].sort());
  });

  test('a cosignature on a smaller tree with a later time is a suspicion, as a clock that was set back makes one too', async () => {
    const log = await served('a');
    let time = 2_000n;
    const witness = cosigner('w.example', () => time);
    const observer = await observing({ keys: [log.signer.key] }, { witnesses: [witness.key] });
    const smaller = await log.sign(5, [witness]);
    time = 1_000n;
    observer.observe(await log.sign(9, [witness]), 'w');
    expect(observer.suspected()).toEqual([]);
    observer.observe(smaller, 'w');
    expect(observer.suspected().map(({ suspicion }) => suspicion.kind)).toEqual(['time-went-back']);
    expect(observer.freezing(witness.key)).toBeUndefined();
  });
});

describe('the places for heads that nothing links', () => {
  test('are not all taken by whoever hands in what the log has signed before', async () => {
    const log = await served('a');
    const observer = await observing({ keys: [log.signer.key] });
    for (let size = 1; size <= 100; size += 1) observer.observe(await log.sign(size), 'log');
    expect(observer.count().loose).toBe(32);
    const witness = { peer: 'peer-2', witness: cosigner('w.example', 1n).key };
    const fresh = canonical(await log.sign(101), log.signer.key);
    expect(observer.receive('checkpoint', fresh, stranger)).toBe('ignore');
    expect(observer.receive('checkpoint', fresh, witness)).toBe('accept');
    expect(observer.observe(await log.sign(102), log.url)).toBe(true);
    expect(observer.count().loose).toBe(34);
  });
});

test('evidence against nobody that is known costs no signature to refuse', async () => {
  const log = await served('a');
  const observer = await observing({ keys: [log.signer.key] });
  const unknown = new SignedLog('unknown.example');
  const fork = unknown.forkAt(3);
  const heads = [await unknown.note(unknown.head(9)), await fork.note(fork.head(9))];
  const evidence = (notes: readonly Uint8Array[]): Uint8Array => {
    const [one, other] = notes.toSorted((a, b) => (rootOf(a) < rootOf(b) ? -1 : 1));
    return formatEvidence({
      kind: 'same-size',
      accused: unknown.signer.key,
      origin: unknown.origin,
      notes: [one!, other!],
    });
  };
  expect(await observer.accept(evidence(heads))).toBe(false);
  // Were a signature looked at, this one would be refused for it.
  const lies = heads.map((note) => {
    const { text, signatures } = parseNote(note);
    return formatNote({ text, signatures: signatures.map((line) => ({ ...line, signature: new Uint8Array(64) })) });
  });
  expect(await observer.accept(evidence(lies))).toBe(false);
});

test('evidence that does not hold is rejected more often than anybody is let do it', async () => {
  const log = new SignedLog(ORIGIN);
  const observer = await observing({ keys: [log.signer.key] });
  const heads = [await log.note(log.head(9)), await log.forkAt(3).note(log.forkAt(3).head(9))];
  const sorted = heads.toSorted((a, b) => (rootOf(a) < rootOf(b) ? -1 : 1));
  const lie = (i: number): Uint8Array => {
    const notes = sorted.map((note) => {
      const { text, signatures } = parseNote(note);
      const signature = new Uint8Array(64).fill(i);
      return formatNote({ text, signatures: signatures.map((line) => ({ ...line, signature })) });
    });
    const { key } = log.signer;
    return formatEvidence({ kind: 'same-size', accused: key, origin: ORIGIN, notes: [notes[0]!, notes[1]!] });
  };
  // A peer at 80 points is cut off; each of these is 10, and fades a little at once.
  for (let i = 1; i <= 9; i += 1) expect(observer.receive('evidence', lie(i), stranger)).toBe('reject');
  expect(observer.evidence.list()).toEqual([]);
});

test('evidence beyond what one sender may send is looked at all the same: gossip would pass by every other copy of it', async () => {
  const logs = Array.from({ length: 14 }, (_, i) => new SignedLog(`log-${i}.example`));
  const known = new FixedLogs(logs.map(({ origin, signer }) => ({ origin, keys: [signer.key], sources: [] })));
  const observer = await observing({ keys: [] }, { logs: known, now: () => 0 });
  for (const log of logs) {
    const fork = log.forkAt(3);
    const heads = [await log.note(log.head(9)), await fork.note(fork.head(9))];
    const [one, other] = heads.toSorted((a, b) => (rootOf(a) < rootOf(b) ? -1 : 1));
    const { origin, signer } = log;
    const file = formatEvidence({ kind: 'same-size', accused: signer.key, origin, notes: [one!, other!] });
    expect(observer.receive('evidence', file, stranger)).toBe('accept');
  }
  expect(observer.evidence.list()).toHaveLength(14);
});

function rootOf(note: Uint8Array): string {
  return Buffer.from(parseCheckpoint(parseNote(note).text).root).toString('hex');
}

describe('what is held', () => {
  test('of a log that becomes known only after the start is not lost in a new start', async () => {
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3, signer: a.signer });
    const { key } = a.signer;
    const store = new MemoryEventStore();
    const first = await observing({ keys: [key] }, { store });
    first.observe(await b.sign(5), 'https://w.example');
    await first.close();

    const none = new FixedLogs([]);
    const known = new FixedLogs([{ origin: ORIGIN, keys: [key], sources: [] }]);
    let logs: LogDirectory = none;
    const list = { find: (origin: string) => logs.find(origin), origins: () => logs.origins() };
    const second = await observing({ keys: [] }, { store, logs: list });
    logs = known;
    second.advance(ORIGIN, await a.sign(5));
    expect(second.freezing(key)).toBeDefined();
  });
});

describe('evidence that can not be stored', () => {
  /** Its disk is full while `full`. */
  class FullStore extends MemoryEventStore {
    full = true;
    override append(...args: Parameters<MemoryEventStore['append']>): ReturnType<MemoryEventStore['append']> {
      if (this.full) return Promise.reject(new EventStoreError('unavailable', 'the disk is full'));
      return super.append(...args);
    }
  }

  test('freezes all the same, is given to others, and is stored as soon as there is room', async () => {
    const a = await served('a', { forkAt: 3 });
    const b = await served('b', { forkAt: 3, signer: a.signer });
    const { key } = a.signer;
    const store = new FullStore();
    const first = await observing({ keys: [key] }, { store });
    const published: Uint8Array[] = [];
    first.publishTo({ head: () => undefined, evidence: (file) => published.push(file) });
    first.advance(ORIGIN, await a.sign(5));
    first.observe(await b.sign(5), 'https://w.example');
    await first.settled();
    expect(first.freezing(key)).toBeDefined();
    expect(published).toHaveLength(1);
    await expect(first.accept(published[0]!)).rejects.toMatchObject({ code: 'unavailable' });
    store.full = false;
    await first.close();
    const second = await observing({ keys: [key] }, { store });
    expect(second.freezing(key)).toBeDefined();
  });
});
