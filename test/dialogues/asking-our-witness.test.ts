import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import { EMPTY_ROOT } from '#libs/merkle';
import { KEY_TYPE, formatNote, parseNote, type NoteSigner } from '#libs/note';
import { formatAddCheckpointRequest, witnessCheckpointPath, type Checkpoint } from '#libs/tlog';
import { RunningWitness, type Answer } from '../../apps/witness/src/testing/running-witness.js';
import { cosigner, ecdsaSigner, ed25519Signer, mlDsa44Signer, rfc6962Signer } from '../note-signers.js';
import { SignedLog } from '../signed-log.js';

/*
 * What logs that are out there ask of witnesses, in their order, and what C2SP tlog-witness wants to be answered. Where
 * another witness answers otherwise, the step says so. The keys are our own.
 */

const PLAIN = 'text/plain; charset=utf-8';
const cosignatures = (count: number): unknown => ({
  status: 200,
  type: PLAIN,
  retryAfter: null,
  body: expect.stringMatching(new RegExp(`^(?:— witness\\.example\\.org/w1 \\S+\\n){${count}}$`)),
});
const both = cosignatures(2);
const conflict = (size: number): unknown => ({
  status: 409,
  type: 'text/x.tlog.size',
  retryAfter: null,
  body: `${size}\n`,
});
const refused = (status: number): unknown => ({
  status,
  type: PLAIN,
  retryAfter: null,
  body: expect.stringMatching(/^.+\n$/),
});

interface Asked {
  readonly old: number;
  readonly size: number;
  readonly proof?: Uint8Array[];
  readonly head?: Partial<Checkpoint>;
  readonly signers?: readonly NoteSigner[];
}

/** One log as one implementation runs it. */
class Talk {
  witness!: RunningWitness;

  constructor(
    readonly log: SignedLog,
    readonly signers: readonly NoteSigner[] = [log.signer],
  ) {}

  async body({ old, size, proof, head, signers = this.signers }: Asked, log = this.log): Promise<Uint8Array> {
    const checkpoint = await log.note({ ...log.head(size), ...head }, signers);
    const hashes = proof ?? (old === 0 || old > size ? [] : await log.prove(old, size));
    return formatAddCheckpointRequest({ oldSize: BigInt(old), proof: hashes, checkpoint });
  }

  async ask(asked: Asked, log?: SignedLog): Promise<Answer> {
    return this.witness.addCheckpoint(await this.body(asked, log));
  }
}

const litewitness = new Talk(new SignedLog('example.com/litewitness-log'));
const pq = new SignedLog('example.com/mldsa-log');
const postQuantum = new Talk(pq, [mlDsa44Signer(pq.origin, 0n)]);
const keyHash = createHash('sha256').update('a sigsum log').digest('hex');
const sigsum = new Talk(new SignedLog(`sigsum.org/v1/tree/${keyHash}`));
const sumdb = ed25519Signer('sum.example');
const omniwitness = new Talk(new SignedLog('go.sum database tree', sumdb), [sumdb]);
const sunlight = new SignedLog('ct.example/2026h2');
const sunlightTalk = new Talk(sunlight, [rfc6962Signer(sunlight.origin), ed25519Signer(sunlight.origin)]);
const tesseraLog = new SignedLog('example.com/behind-the-sofa');
const tessera = new Talk(tesseraLog, [tesseraLog.signer, ecdsaSigner(tesseraLog.origin)]);
const forked = new Talk(new SignedLog('example.com/forked-log'));
const talks = [forked, litewitness, postQuantum, sigsum, omniwitness, sunlightTalk, tessera];

let witness: RunningWitness;

beforeAll(async () => {
  const list = talks.flatMap(({ log, signers }) =>
    signers.filter(({ key }) => key.name === log.origin).map(({ key }) => key),
  );
  witness = await RunningWitness.start({ logs: list });
  for (const talk of talks) talk.witness = witness;
});
afterAll(() => witness.stop());

describe('a log that asks as the tests of litewitness do', () => {
  const { log } = litewitness;

  test('begins at once with a tree that is not empty', async () => {
    expect(await litewitness.ask({ old: 0, size: 1 })).toEqual(both);
  });

  test('grows, asks for the same once more, and learns from a 409 where it is', async () => {
    expect(await litewitness.ask({ old: 1, size: 3 })).toEqual(both);
    expect(await litewitness.ask({ old: 1, size: 3 })).toEqual(conflict(3));
    expect(await litewitness.ask({ old: 3, size: 3 })).toEqual(both);
    expect(await litewitness.ask({ old: 0, size: 5 })).toEqual(conflict(3));
    expect(await litewitness.ask({ old: 3, size: 5 })).toEqual(both);
  });

  test('says 404 to a log that it does not know, where litewitness says 403', async () => {
    const stranger = new Talk(new SignedLog('example.com/unknown'));
    stranger.witness = witness;
    expect(await stranger.ask({ old: 0, size: 1 })).toEqual(refused(404));
  });

  test('says 422 to a proof from size 0, which litewitness did not look at', async () => {
    const fresh = new Talk(sigsum.log);
    fresh.witness = witness;
    expect(await fresh.ask({ old: 0, size: 3, proof: await log.prove(1, 3) })).toEqual(refused(422));
  });

  test('says 403 to a signature of another key of that name, and to one that is broken', async () => {
    expect(await litewitness.ask({ old: 5, size: 7, signers: [ed25519Signer(log.origin)] })).toEqual(refused(403));
    const broken = { key: log.signer.key, sign: async () => new Uint8Array(64) };
    expect(await litewitness.ask({ old: 5, size: 7, signers: [broken] })).toEqual(refused(403));
  });
});

test('a log that signs with ML-DSA-44 only, without a time, is cosigned as any other', async () => {
  expect(await postQuantum.ask({ old: 0, size: 1 })).toEqual(both);
  expect(await postQuantum.ask({ old: 1, size: 9 })).toEqual(both);
  // Two post-quantum lines and both of its own cosignatures fit as well.
  const note = parseNote(await witness.monitor(pq.origin));
  const more = await pq.note(pq.head(9), [...postQuantum.signers, mlDsa44Signer('someone.example', 1n)]);
  const signatures = [...parseNote(more).signatures, ...note.signatures.slice(1)];
  const checkpoint = formatNote({ text: note.text, signatures });
  const body = formatAddCheckpointRequest({ oldSize: 9n, proof: [], checkpoint });
  expect(await witness.addCheckpoint(body)).toEqual(both);
});

describe('a sigsum log', () => {
  test('asks from the size that it believes, and again from that of the 409', async () => {
    expect(await sigsum.ask({ old: 4, size: 6 })).toEqual(conflict(0));
    expect(await sigsum.ask({ old: 0, size: 6 })).toEqual(both);
    // It came back from an older state of its own, honestly.
    expect(await sigsum.ask({ old: 4, size: 5 })).toEqual(conflict(6));
    expect(await sigsum.ask({ old: 6, size: 5 })).toEqual(refused(400));
    expect(await sigsum.ask({ old: 6, size: 10 })).toEqual(both);
  });
});

describe('a feeder of omniwitness', () => {
  test('is not taken for a log whose key it does not have, whatever else it feeds', async () => {
    expect(await omniwitness.ask({ old: 0, size: 6 })).toEqual(refused(404));
  });

  test('probes with 0, sends the same checkpoint again and again, and gets a fresh time', async () => {
    expect(await tessera.ask({ old: 0, size: 4 })).toEqual(both);
    for (let i = 0; i < 3; i++) {
      expect(await tessera.ask({ old: 0, size: 4 })).toEqual(conflict(4));
      expect(await tessera.ask({ old: 4, size: 4 })).toEqual(both);
    }
  });

  test('that brings another root for one size is told so with 422, where omniwitness said 409 without a body', async () => {
    expect(await forked.ask({ old: 0, size: 4 })).toEqual(both);
    expect(await forked.ask({ old: 4, size: 4 }, forked.log.forkAt(2))).toEqual(refused(422));
    // The log is convicted by its own two signatures: from now on it is one that nobody knows.
    expect(await forked.ask({ old: 4, size: 6 })).toEqual(refused(404));
  });

  test('is read to the letter: what a lenient reader takes is 400', async () => {
    const good = utf8Decode(await tessera.body({ old: 4, size: 6 }));
    const hash = `${'A'.repeat(43)}=\n`;
    for (const bad of [
      good.replace('old 4', 'old  4'),
      good.replace('old 4', 'old 04'),
      good.replace('old 4', 'old +4'),
      good.replace('old 4\n', 'old 4 \n'),
      good.replace('old 4\n', 'old 4\r\n'),
      good.replace('old 4\n', `old 4\n${hash.repeat(63)}`),
      good.replace('old 4\n', 'old 4\nAAAA\n'),
    ]) {
      expect(bad).not.toBe(good);
      expect(await witness.addCheckpoint(utf8Encode(bad))).toEqual(refused(400));
    }
  });

  test('may hand over the cosignatures of others: they are not looked at, and go no further', async () => {
    const others = [cosigner('w2.example', 5n), mlDsa44Signer('w3.example', 5n)];
    expect(await tessera.ask({ old: 4, size: 6, signers: [...others, ...tessera.signers] })).toEqual(both);
    const names = parseNote(await witness.monitor(tesseraLog.origin)).signatures.map(({ name }) => name);
    expect(names.filter((name) => /^w[23]/.test(name))).toEqual([]);
    expect(names.slice(0, 2)).toEqual([tesseraLog.origin, tesseraLog.origin]);
  });
});

describe('a log as sunlight runs it', () => {
  test('begins with its empty tree, signs as RFC 6962 says and with Ed25519, and shows both to monitors', async () => {
    expect(await sunlightTalk.ask({ old: 0, size: 0 })).toEqual(both);
    expect(await sunlightTalk.ask({ old: 0, size: 0 })).toEqual(both);
    expect(await sunlightTalk.ask({ old: 0, size: 0, head: { root: sunlight.head(1).root } })).toEqual(refused(422));
    expect(sunlight.head(0).root).toEqual(EMPTY_ROOT);
    expect(await sunlightTalk.ask({ old: 0, size: 8 })).toEqual(both);
    const shown = await fetch(`${witness.url}/${witnessCheckpointPath(sunlight.origin)}`);
    expect([shown.status, shown.headers.get('content-type')]).toEqual([200, PLAIN]);
    const { signatures } = parseNote(new Uint8Array(await shown.arrayBuffer()));
    const types = [...sunlightTalk.signers.map(({ key }) => key), ...(await witness.keys())];
    expect(signatures.map(({ keyId }) => types.find(({ id }) => Buffer.compare(id, keyId) === 0)?.type)).toEqual([
      KEY_TYPE.rfc6962,
      KEY_TYPE.ed25519,
      KEY_TYPE.cosignature,
      KEY_TYPE.mlDsa44Cosignature,
    ]);
  });

  test('has extension lines cosigned with Ed25519 alone, where sunlight itself says 400', async () => {
    const [, ed25519] = sunlightTalk.signers;
    const asked = { old: 8, size: 9, head: { extensions: ['extension'] }, signers: [ed25519!] };
    expect(await sunlightTalk.ask(asked)).toEqual(cosignatures(1));
  });

  test('an RFC 6962 signature does not cover extension lines, so it does not speak for them', async () => {
    const [rfc6962] = sunlightTalk.signers;
    const asked = { old: 9, size: 10, head: { extensions: ['extension'] }, signers: [rfc6962!] };
    expect(await sunlightTalk.ask(asked)).toEqual(refused(403));
  });

  test('monitors get 404 for what was never cosigned', async () => {
    const shown = await fetch(`${witness.url}/${witnessCheckpointPath('example.com/unknown')}`);
    expect([shown.status, shown.headers.get('content-type')]).toEqual([404, PLAIN]);
  });
});
