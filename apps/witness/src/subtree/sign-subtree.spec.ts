import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { importPublicKey, toBase64, verify } from '#crypto';
import { encodeDer, encodeOid, utf8Decode, utf8Encode } from '#libs/crypto';
import { proveSubtreeConsistency, treeRoot } from '#libs/merkle';
import { KEY_TYPE, parseSignatureLines } from '#libs/note';
import { parseCosignature, subtreeCosignatureMessage } from '#libs/tlog';
import { leafHashesOf, naiveReader, naiveRoot } from '../../../../test/naive-tree.js';
import { SignedLog } from '../../../../test/signed-log.js';
import { RunningWitness, WITNESS_NAME } from '../testing/running-witness.js';

const log = new SignedLog('log.example.com/one');
const leaves = leafHashesOf(64);
let witness: RunningWitness;
let reference: string;

beforeAll(async () => {
  witness = await RunningWitness.start({ logs: [log.signer.key] });
  await witness.addCheckpoint(await log.request(0, 14));
  reference = utf8Decode(await witness.monitor(log.origin));
});
afterAll(() => witness.stop());

/** The request of the example in tlog-witness is about [8, 13) of size 14 as well. */
async function request(start: number, end: number, changes: { proof?: string[]; note?: string } = {}): Promise<string> {
  const proof = await proveSubtreeConsistency(BigInt(start), BigInt(end), 14n, naiveReader(leaves));
  const lines = changes.proof ?? proof.map(toBase64);
  const root = toBase64(naiveRoot(leaves.slice(start, end)));
  return `${[`subtree ${start} ${end}`, root, ...lines].join('\n')}\n\n${changes.note ?? reference}`;
}
const sign = async (body: string) => witness.post('sign-subtree', utf8Encode(body));

describe('sign-subtree', () => {
  test.each([
    [8, 13],
    [0, 8],
    [0, 14],
    [12, 14],
    [5, 6],
  ])('signs [%d, %d) of a checkpoint that it has cosigned, with ML-DSA-44 and at no time', async (start, end) => {
    const answer = await sign(await request(start, end));
    expect([answer.status, answer.type]).toEqual([200, 'text/plain; charset=utf-8']);
    const [line, ...more] = parseSignatureLines(answer.body);
    expect(more).toEqual([]);
    const key = (await witness.keys()).find(({ type }) => type === KEY_TYPE.mlDsa44Cosignature)!;
    expect(line).toMatchObject({ name: WITNESS_NAME, keyId: key.id });
    const { timestamp, signature } = parseCosignature(line!.signature);
    expect(timestamp).toBe(0n);
    const root = naiveRoot(leaves.slice(start, end));
    const range = { start: BigInt(start), end: BigInt(end) };
    const message = subtreeCosignatureMessage({
      cosigner: WITNESS_NAME,
      timestamp,
      origin: log.origin,
      ...range,
      root,
    });
    const algorithm = encodeDer(0x30, encodeOid('2.16.840.1.101.3.4.3.17'));
    const spki = encodeDer(0x30, algorithm, encodeDer(0x03, Uint8Array.of(0), key.publicKey));
    expect(verify(importPublicKey(spki), 'ml-dsa-44', message, signature)).toBe(true);
  });

  test.each([
    ['a range that is no subtree', 7, 13],
    ['nothing', 8, 8],
  ])('answers 400 to %s', async (_, start, end) => {
    const body = `subtree ${start} ${end}\n${toBase64(await treeRoot(1n, naiveReader(leaves)))}\n\n${reference}`;
    expect((await sign(body)).status).toBe(400);
  });

  test.each([
    ['an end above the size', (body: string) => body.replace('subtree 8 13', 'subtree 8 15')],
    ['a leading zero', (body: string) => body.replace('subtree 8 13', 'subtree 08 13')],
    ['no hash', (body: string) => body.replace(/^(subtree 8 13\n).*\n/, '$1')],
    ['no note', (body: string) => body.slice(0, body.indexOf('\n\n') + 2)],
    ['no empty line', (body: string) => body.replaceAll('\n\n', '\n')],
    ['64 hashes', (body: string) => body.replace('\n\n', `\n${`${'A'.repeat(43)}=\n`.repeat(64)}\n`)],
  ])('answers 400 to %s', async (_, change) => {
    const proof: string[] = [];
    const body = change(await request(8, 13, _ === 'no hash' ? { proof } : {}));
    expect((await sign(body)).status).toBe(400);
  });

  test('answers 422 to a proof that does not hold', async () => {
    expect((await sign(await request(8, 13, { proof: [] }))).status).toBe(422);
    const [one = '', ...others] = (await request(8, 13)).split('\n').slice(2, 5);
    expect((await sign(await request(8, 13, { proof: [...others, one] }))).status).toBe(422);
  });

  test('answers 403 to a checkpoint that it has not cosigned', async () => {
    const note = utf8Decode(await log.note(log.head(14)));
    expect((await sign(await request(8, 13, { note }))).status).toBe(403);
    // Its lines under another text are not its cosignatures.
    const other = `${utf8Decode(await log.note(log.head(15)))}${reference.split('\n').slice(5).join('\n')}`;
    expect((await sign(await request(8, 13, { note: other }))).status).toBe(403);
  });

  test('answers 404 to an origin that is not known', async () => {
    const note = reference.replace('log.example.com/one\n', 'log.example.com/two\n');
    expect((await sign(await request(8, 13, { note }))).status).toBe(404);
  });
});

test('a witness without an ML-DSA-44 key answers 404', async () => {
  const plain = await RunningWitness.start({ logs: [log.signer.key], mlDsaKeyFile: undefined as never });
  await plain.addCheckpoint(await log.request(0, 14));
  const note = utf8Decode(await plain.monitor(log.origin));
  expect((await plain.post('sign-subtree', utf8Encode(await request(8, 13, { note })))).status).toBe(404);
  await plain.stop();
});
