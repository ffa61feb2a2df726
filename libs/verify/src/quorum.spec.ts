import { describe, expect, test } from '@jest/globals';
import { formatVerifierKey } from '#libs/note';
import { formatNote, parseNote, type NoteSigner } from '#libs/note';
import { parsePolicy, type TlogPolicy } from '#libs/tlog';
import { cosigner, ed25519Signer } from '../../../test/note-signers.js';
import { SignedLog } from '../../../test/signed-log.js';
import { judgeQuorum, quorumDemand, quorumSummary } from './quorum.js';

const TIME = 1_782_000_000n;
const log = new SignedLog('log.example', ed25519Signer('log.example'));
const names = ['a', 'b', 'c', 'd', 'e'];
const witnesses = names.map((name) => cosigner(`${name}.example`, TIME));

function policy(...rest: readonly string[]): TlogPolicy {
  const lines = witnesses.map(({ key }, i) => `witness ${names[i]} ${formatVerifierKey(key)}`);
  return parsePolicy(`${[`log ${formatVerifierKey(log.signer.key)}`, ...lines, ...rest].join('\n')}\n`);
}

/** A checkpoint that the witnesses of these names cosigned. */
function note(cosigned: string): Promise<Uint8Array> {
  const signers = witnesses.filter((_, i) => cosigned.includes(names[i] ?? ''));
  return log.note(log.head(5), [log.signer, ...signers] as NoteSigner[]);
}

describe('nested groups', () => {
  // Two of ours, and one of the partner's.
  const nested = policy('group ours 2 a b c', 'group partner any d e', 'group both all ours partner', 'quorum both');

  test.each([
    ['abd', true],
    ['bce', true],
    ['abcde', true],
    ['abc', false],
    ['ade', false],
    ['', false],
  ])('with the cosignatures of %p: %p', async (cosigned, met) => {
    const verdict = judgeQuorum(nested, await note(cosigned));
    expect(verdict.met).toBe(met);
    expect(verdict.witnesses.map(({ state }) => state === 'cosigned')).toEqual(
      names.map((name) => cosigned.includes(name)),
    );
  });

  test('are told in words', () => {
    expect(quorumDemand(nested)).toBe('2 of (2 of a, b, c), (1 of d, e)');
  });
});

test('one line says who cosigned when, who did not, and what is asked for', async () => {
  const flat = policy('group all 2 a b c d e', 'quorum all');
  const { text, signatures } = parseNote(await note('ab'));
  const broken = signatures.map((line) => ({ ...line, signature: Uint8Array.from(line.signature) }));
  broken[2]!.signature[70]! ^= 1;
  const verdict = judgeQuorum(flat, formatNote({ text, signatures: broken }));
  expect(verdict.met).toBe(false);
  expect(quorumSummary(verdict)).toBe(
    'the policy asks for 2 of 5: a ✓ 2026-06-21 00:00:00 UTC · b ✗ its cosignature does not verify · ' +
      'c ✗ not cosigned · d ✗ not cosigned · e ✗ not cosigned',
  );
});

test('a broken cosignature beside a good one of the same key takes nothing away', async () => {
  const { text, signatures } = parseNote(await note('a'));
  const [ofLog, good] = signatures;
  const bad = { ...good!, signature: good!.signature.map((byte, i) => (i === 70 ? byte ^ 1 : byte)) };
  const verdict = judgeQuorum(policy('quorum a'), formatNote({ text, signatures: [ofLog!, bad, good!] }));
  expect(verdict).toMatchObject({ met: true, witnesses: [{ state: 'cosigned' }, {}, {}, {}, {}] });
});

test('a policy that names other logs is not met, one that names none speaks of all', async () => {
  const asked = policy('quorum a');
  const other = { ...asked, logs: [{ key: ed25519Signer('log.example').key }] };
  expect(judgeQuorum(other, await note('a'))).toMatchObject({ met: false, otherLog: true });
  expect(judgeQuorum({ ...asked, logs: [] }, await note('a'))).toMatchObject({ met: true, otherLog: false });
});

test('nobody has cosigned what has no checkpoint', () => {
  expect(judgeQuorum(policy('quorum a'), undefined)).toMatchObject({ met: false, otherLog: false });
  const none = policy('quorum none');
  expect(judgeQuorum({ ...none, logs: [] }, undefined)).toMatchObject({ met: true });
  // Nor has any log of the policy signed it.
  expect(judgeQuorum(none, undefined)).toMatchObject({ met: false, otherLog: true });
});
