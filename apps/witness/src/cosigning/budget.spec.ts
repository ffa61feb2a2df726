import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { SignedLog } from '../../../../test/signed-log.js';
import { RunningWitness } from '../testing/running-witness.js';
import { Budget } from './budget.js';

const DAY = 86_400_000;

describe('a budget', () => {
  test('is an hour of checkpoints at once, and then as many as were declared', () => {
    const budget = new Budget();
    const taken = (now: number): number => {
      let count = 0;
      while (budget.take('a', 86_400, now) === undefined) count++;
      return count;
    };
    expect(taken(0)).toBe(3600);
    expect(taken(10_000)).toBe(10);
    expect(taken(DAY)).toBe(3600);
  });

  test('of a slow log lets sixteen through, and says when the next one may come', () => {
    const budget = new Budget();
    for (let i = 0; i < 16; i++) expect(budget.take('a', 24, 0)).toBeUndefined();
    expect(budget.take('a', 24, 0)).toBe(DAY / 24);
    expect(budget.take('a', 24, DAY / 24 - 1)).toBeLessThanOrEqual(2);
    expect(budget.take('a', 24, DAY / 24)).toBeUndefined();
  });

  test.each([7, 11, 13, 1])(
    'lets sixteen through where a day has no whole number of milliseconds for each (%i)',
    (perDay) => {
      const budget = new Budget();
      for (let i = 0; i < 16; i++) expect(budget.take('a', perDay, 0)).toBeUndefined();
      expect(budget.take('a', perDay, 0)).toBe(Math.ceil(DAY / perDay));
    },
  );

  test('of one log is not that of another, and a clock that is set back takes nothing away', () => {
    const budget = new Budget();
    for (let i = 0; i < 16; i++) budget.take('a', 24, DAY);
    expect(budget.take('b', 24, DAY)).toBeUndefined();
    expect(budget.take('b', 24, 0)).toBeUndefined();
  });
});

describe('a log that declared 24 checkpoints a day', () => {
  const log = new SignedLog('log.example.com/slow');
  const other = new SignedLog('log.example.com/other');
  let witness: RunningWitness;
  beforeAll(async () => {
    const logs = [log, other].map(({ signer }) => ({ ...signer.key, qpd: 24 }));
    witness = await RunningWitness.start({ logs });
  });
  afterAll(() => witness.stop());

  test('loses nothing of that when others repeat what it said, or say what it did not', async () => {
    expect((await witness.addCheckpoint(await log.request(0, 1))).status).toBe(200);
    const now = Date.now();
    const lines = new Set<string>();
    for (let i = 0; i < 40; i++) {
      jest.spyOn(Date, 'now').mockReturnValue(now + i * 2000);
      const again = await witness.addCheckpoint(await log.request(1, 1));
      expect(again.status).toBe(200);
      lines.add(again.body);
      expect((await witness.addCheckpoint(await log.request(0, 1))).status).toBe(409);
    }
    jest.restoreAllMocks();
    // Sixteen fresh times, and from then on the last of them.
    expect(lines.size).toBeLessThanOrEqual(18);
    expect((await witness.addCheckpoint(await log.request(1, 2))).status).toBe(200);
  });

  test('is asked to come back later when it brings more, and nobody else is', async () => {
    let size = 2;
    let answer = await witness.addCheckpoint(await log.request(size, size + 1));
    while (answer.status === 200) {
      size++;
      answer = await witness.addCheckpoint(await log.request(size, size + 1));
    }
    expect(size).toBe(16);
    expect(answer.status).toBe(429);
    expect(Number(answer.retryAfter)).toBeGreaterThan(3000);
    expect(Number(answer.retryAfter)).toBeLessThanOrEqual(3600);
    expect((await witness.addCheckpoint(await other.request(0, 5))).status).toBe(200);
    expect(await witness.metric('witness_add_checkpoint_total{outcome="rate-limited"}')).toBe(1);
  });
});
