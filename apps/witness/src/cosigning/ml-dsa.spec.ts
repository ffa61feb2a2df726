import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { utf8Decode } from '#libs/crypto';
import { KEY_TYPE, formatNote, parseNote, parseSignatureLines } from '#libs/note';
import { formatAddCheckpointRequest, parseCosignature } from '#libs/tlog';
import { SignedLog } from '../../../../test/signed-log.js';
import { RunningWitness, WITNESS_NAME } from '../testing/running-witness.js';

const log = new SignedLog('log.example.com/one');
const extended = new SignedLog('log.example.com/extended');
const repeated = new SignedLog('log.example.com/repeated');
const long = new SignedLog(`log.example.com/${'x'.repeat(250)}`);
let witness: RunningWitness;

beforeAll(async () => {
  const logs = [log, extended, repeated, long].map(({ signer }) => signer.key);
  witness = await RunningWitness.start({ logs });
});
afterAll(() => witness.stop());
afterEach(() => void jest.restoreAllMocks());

const BOTH = [KEY_TYPE.cosignature, KEY_TYPE.mlDsa44Cosignature];

describe('a witness with an ML-DSA-44 key', () => {
  test('gives two lines of one name and of two key IDs, over the whole tree, at one time that is not 0', async () => {
    const answer = await witness.addCheckpoint(await log.request(0, 5));
    expect(answer.status).toBe(200);
    const lines = parseSignatureLines(answer.body);
    expect(lines.map(({ name }) => name)).toEqual([WITNESS_NAME, WITNESS_NAME]);
    expect(lines.map(({ signature }) => signature.length)).toEqual([8 + 64, 8 + 2420]);
    expect(await witness.verified(answer, await log.note(log.head(5)))).toEqual(BOTH);
    const times = lines.map(({ signature }) => parseCosignature(signature).timestamp);
    expect(times[0]).toBe(times[1]);
    expect(times[0]).toBeGreaterThan(0n);
  });

  test('shows monitors the very lines that it gave', async () => {
    const answer = await witness.addCheckpoint(await log.request(5, 9));
    const signedByLog = utf8Decode(await log.note(log.head(9)));
    expect(utf8Decode(await witness.monitor(log.origin))).toBe(signedByLog + answer.body);
  });

  test('repeats what it signed at one time, over a restart too, and signs anew at another', async () => {
    const now = Date.now();
    jest.spyOn(Date, 'now').mockReturnValue(now);
    const first = await witness.addCheckpoint(await repeated.request(0, 5));
    expect(await witness.addCheckpoint(await repeated.request(5, 5))).toEqual(first);
    jest.restoreAllMocks();
    await witness.stop();
    await witness.start();
    jest.spyOn(Date, 'now').mockReturnValue(now);
    expect(await witness.addCheckpoint(await repeated.request(5, 5))).toEqual(first);
    jest.spyOn(Date, 'now').mockReturnValue(now + 5000);
    const later = await witness.addCheckpoint(await repeated.request(5, 5));
    expect(later.status).toBe(200);
    expect(later.body).not.toBe(first.body);
  });

  test('gives only the Ed25519 line where there are extension lines: the other one would not cover them', async () => {
    const checkpoint = await extended.note({ ...extended.head(5), extensions: ['an extension'] });
    const answer = await witness.addCheckpoint(formatAddCheckpointRequest({ oldSize: 0n, proof: [], checkpoint }));
    expect(await witness.verified(answer, checkpoint)).toEqual([KEY_TYPE.cosignature]);
  });

  test('gives only the Ed25519 line for an origin that is too long for the other one', async () => {
    const answer = await witness.addCheckpoint(await long.request(0, 5));
    expect(await witness.verified(answer, await long.note(long.head(5)))).toEqual([KEY_TYPE.cosignature]);
  });

  test('knows its own lines in a note that comes in, and cosigns it as any other', async () => {
    const { text, signatures } = parseNote(await witness.monitor(log.origin));
    const checkpoint = formatNote({ text, signatures });
    const body = formatAddCheckpointRequest({ oldSize: 9n, proof: [], checkpoint });
    expect(await witness.verified(await witness.addCheckpoint(body), checkpoint)).toEqual(BOTH);
  });
});

test('keys of the name alone, with other bytes, are no cosignatures of ours', async () => {
  const [line] = parseSignatureLines((await witness.addCheckpoint(await log.request(9, 9))).body);
  const forged = { ...line!, signature: line!.signature.map((byte, i) => (i > 10 ? byte ^ 1 : byte)) };
  const note = parseNote(await log.note(log.head(20)));
  const checkpoint = formatNote({ ...note, signatures: [...note.signatures, forged] });
  const body = formatAddCheckpointRequest({ oldSize: 9n, proof: await log.prove(9, 20), checkpoint });
  expect((await witness.addCheckpoint(body)).status).toBe(200);
});
