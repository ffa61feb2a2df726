import { describe, expect, test } from '@jest/globals';
import { EMPTY_ROOT } from '#libs/merkle';
import { formatNote, formatVerifierKey, signNote, type NoteSigner } from '#libs/note';
import { cosigner, ed25519Signer } from '../../../test/note-signers.js';
import { evaluatePolicy, formatCheckpoint, parsePolicy } from './index.js';

const log = ed25519Signer('example.com/log');
const [a, b, c, d] = [1n, 2n, 3n, 4n].map((time) => cosigner(`witness.example/${time}`, time)) as [
  NoteSigner,
  NoteSigner,
  NoteSigner,
  NoteSigner,
];
const text = formatCheckpoint({ origin: 'example.com/log', size: 0n, root: EMPTY_ROOT, extensions: [] });

const vkey = ({ key }: NoteSigner): string => formatVerifierKey(key);
const policy = parsePolicy(
  [
    `log ${vkey(log)}`,
    ...[a, b, c, d].map((witness, i) => `witness ${'abcd'[i]} ${vkey(witness)}`),
    'group two-of-three 2 a b c',
    'group both all two-of-three d',
    'quorum both\n',
  ].join('\n'),
);

const judge = async (...signers: NoteSigner[]) => evaluatePolicy(policy, await signNote(text, signers));

describe('a quorum of two of a, b, c and of d', () => {
  test.each([
    ['a, b, d', [a, b, d], true],
    ['a, b, c, d', [a, b, c, d], true],
    ['b, c, d', [b, c, d], true],
    ['a, d', [a, d], false],
    ['a, b, c', [a, b, c], false],
    ['none of them', [], false],
  ])('with the cosignatures of %s: %#', async (_, witnesses, quorum) => {
    expect((await judge(log, ...witnesses)).quorum).toBe(quorum);
  });
});

describe('a verdict', () => {
  test('names the log and the witnesses, with their times', async () => {
    const note = formatNote(await signNote(text, [log, b, a]));
    expect(evaluatePolicy(policy, note)).toEqual({
      log: log.key,
      witnesses: [
        { name: 'a', keyName: 'witness.example/1', timestamp: 1n },
        { name: 'b', keyName: 'witness.example/2', timestamp: 2n },
      ],
      quorum: false,
    });
  });

  test('names no log where only witnesses signed', async () => {
    expect((await judge(a, b, d)).log).toBeUndefined();
  });

  test('names no log whose key signed for another origin', async () => {
    const other = formatCheckpoint({ origin: 'example.com/other', size: 0n, root: EMPTY_ROOT, extensions: [] });
    expect(evaluatePolicy(policy, await signNote(other, [log])).log).toBeUndefined();
  });

  test('leaves out a witness whose cosignature is broken, and keeps the others', async () => {
    const broken: NoteSigner = { key: a.key, sign: async () => new Uint8Array(72) };
    const { log: signedBy, witnesses } = await judge(log, broken, b);
    expect(signedBy).toEqual(log.key);
    expect(witnesses.map(({ name }) => name)).toEqual(['b']);
  });

  test('finds the good cosignature behind a broken one by the same key', async () => {
    const { signatures } = await signNote(text, [log, a]);
    const broken = { name: a.key.name, keyId: a.key.id, signature: new Uint8Array(72) };
    const { witnesses } = evaluatePolicy(policy, { text, signatures: [broken, ...signatures] });
    expect(witnesses.map(({ name }) => name)).toEqual(['a']);
  });

  test('without a quorum to ask for has one', async () => {
    const open = parsePolicy(`log ${vkey(log)}\nquorum none\n`);
    expect(evaluatePolicy(open, await signNote(text, [log]))).toEqual({ log: log.key, witnesses: [], quorum: true });
  });

  test('may rest on a single witness', async () => {
    const single = parsePolicy(`witness a ${vkey(a)}\nquorum a\n`);
    expect(evaluatePolicy(single, await signNote(text, [log, a])).quorum).toBe(true);
    expect(evaluatePolicy(single, await signNote(text, [log, b])).quorum).toBe(false);
  });
});
