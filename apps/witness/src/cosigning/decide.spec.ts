import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY_ROOT } from '#libs/merkle';
import { SignedLog } from '../../../../test/signed-log.js';
import { decide, type Decision } from './decide.js';
import type { Proposal } from './proposal.js';
import type { RefusalReason } from './refusal.js';

const NOW = 1_700_000_000n;
const log = new SignedLog('example.com/log');

type Last = Parameters<typeof decide>[0];

const cosigned = (size: number, timestamp = NOW - 10n): Last => ({ ...log.head(size), timestamp });

async function propose(oldSize: number, size: number, of: SignedLog = log): Promise<Proposal> {
  const proof = oldSize <= size ? await of.prove(oldSize, size) : [];
  return { kind: 'proposal', oldSize: BigInt(oldSize), proof, checkpoint: of.head(size), signatures: [] };
}

const refused = (reason: RefusalReason): unknown => expect.objectContaining({ kind: 'refused', reason });

describe('a checkpoint is cosigned', () => {
  test.each([
    ['the first of a log', undefined, 0, 7],
    ['the first of a log, of size 0', undefined, 0, 0],
    ['the first that is not empty', cosigned(0), 0, 7],
    ['one that extends the last', cosigned(3), 3, 7],
    ['the same again, without a proof', cosigned(7), 7, 7],
    ['the empty one again', cosigned(0), 0, 0],
  ] satisfies [string, Last, number, number][])('%s', async (_, last, oldSize, size) => {
    expect(decide(last, await propose(oldSize, size), NOW)).toEqual({ kind: 'cosign', timestamp: NOW });
  });

  test('at the time of the last one where the clock was set back', async () => {
    expect(decide(cosigned(3, NOW + 60n), await propose(3, 7), NOW)).toEqual({ kind: 'cosign', timestamp: NOW + 60n });
  });
});

describe('another old size than that of the last checkpoint is a conflict with the last size', () => {
  test.each([
    ['an older one', cosigned(7), 3, 9, 7n],
    ['a newer one', cosigned(3), 7, 9, 3n],
    ['any one, of a log that is new', undefined, 3, 7, 0n],
    ['0, which is how a client asks', cosigned(7), 0, 9, 7n],
    ['a rollback, which is asked for honestly', cosigned(7), 3, 5, 7n],
  ] satisfies [string, Last, number, number, bigint][])('%s', async (_, last, oldSize, size, known) => {
    expect(decide(last, await propose(oldSize, size), NOW)).toEqual({ kind: 'conflict', size: known });
  });

  test('before its proof is looked at', async () => {
    const proposal = { ...(await propose(3, 9)), proof: [new Uint8Array(32)] };
    expect(decide(cosigned(7), proposal, NOW)).toEqual({ kind: 'conflict', size: 7n });
  });
});

describe('a checkpoint is refused', () => {
  test('below its own old size, whatever was cosigned', async () => {
    for (const last of [undefined, cosigned(3), cosigned(7)]) {
      expect(decide(last, await propose(7, 3), NOW)).toEqual(refused('old-size-above-checkpoint'));
    }
  });

  test('of size 0 with the root of a tree that has leaves', async () => {
    const proposal = await propose(0, 0);
    const checkpoint = { ...proposal.checkpoint, root: log.head(1).root };
    expect(decide(undefined, { ...proposal, checkpoint }, NOW)).toEqual(refused('wrong-empty-root'));
  });

  test.each([
    ['nothing', undefined],
    ['size 0', cosigned(0)],
  ] satisfies [string, Last][])('with a proof after %s', async (_, last) => {
    const proposal = { ...(await propose(0, 7)), proof: [EMPTY_ROOT] };
    expect(decide(last, proposal, NOW)).toEqual(refused('proof-not-empty'));
  });

  test('of the same size with another root', async () => {
    expect(decide(cosigned(7), await propose(7, 7, log.forkAt(5)), NOW)).toEqual(refused('other-root'));
  });

  test('of the same size with a proof', async () => {
    const proposal = { ...(await propose(7, 7)), proof: [EMPTY_ROOT] };
    expect(decide(cosigned(7), proposal, NOW)).toEqual(refused('inconsistent'));
  });

  test('of a history that is another below the last size, and not of one that is another above it', async () => {
    expect(decide(cosigned(7), await propose(7, 9, log.forkAt(5)), NOW)).toEqual(refused('inconsistent'));
    expect(decide(cosigned(7), await propose(7, 9, log.forkAt(8)), NOW)).toMatchObject({ kind: 'cosign' });
  });

  test('without a proof, or with that of other sizes', async () => {
    const proposal = await propose(3, 9);
    expect(decide(cosigned(3), { ...proposal, proof: [] }, NOW)).toEqual(refused('inconsistent'));
    expect(decide(cosigned(3), { ...proposal, proof: await log.prove(4, 9) }, NOW)).toEqual(refused('inconsistent'));
  });
});

test('whatever is proposed, the cosigned heads are one history, and neither size nor time goes back', async () => {
  const step = fc.record({
    oldSize: fc.nat({ max: 12 }),
    size: fc.nat({ max: 12 }),
    fork: fc.integer({ min: 4, max: 12 }),
    now: fc.nat({ max: 5 }),
  });
  const property = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
    let last: NonNullable<Last> | undefined;
    for (const { oldSize, size, fork, now } of steps) {
      const proposal = await propose(oldSize, size, log.forkAt(fork));
      const decision: Decision = decide(last, proposal, BigInt(now));
      if (decision.kind !== 'cosign') continue;
      const next = { ...proposal.checkpoint, timestamp: decision.timestamp };
      expect(next.size).toBeGreaterThanOrEqual(last?.size ?? 0n);
      expect(next.timestamp).toBeGreaterThanOrEqual(last?.timestamp ?? 0n);
      // The history that was proposed had the root that we cosigned, at that size.
      if (last) expect(log.forkAt(fork).head(Number(last.size)).root).toEqual(last.root);
      last = next;
    }
  });
  await fc.assert(property, { numRuns: 200 });
});
