import { describe, expect, test } from '@jest/globals';
import { killWitnesses } from './witness-kill/kill-loop.js';
import { mutantWitness } from './witness-kill/mutant.js';

test('over 15 SIGKILLs among logs that lie, no built witness cosigns two histories, goes back, or forgets', async () => {
  const { cosignatures, histories, ...report } = await killWitnesses(15);
  expect(report).toMatchObject({ kills: 15, forks: 0, rollbacks: 0, lost: 0, unexpected: 0, findings: [] });
  expect(cosignatures).toBeGreaterThan(100);
  expect(histories).toBeGreaterThan(50);
}, 180_000);

describe('and the check would find it:', () => {
  test('a witness that answers before it has stored is caught, by what it cosigns after its death', async () => {
    const { root, remove } = await mutantWitness('answers-before-it-is-stored');
    const { lost, forks, rollbacks } = await killWitnesses(8, { root });
    await remove();
    expect(lost).toBeGreaterThan(0);
    expect(forks + rollbacks).toBeGreaterThan(0);
  }, 180_000);

  test('a witness without a fence is caught, by two trees that it cosigns at once', async () => {
    const { root, remove } = await mutantWitness('takes-any-revision');
    const { forks } = await killWitnesses(1, { root });
    await remove();
    expect(forks).toBeGreaterThan(0);
  }, 180_000);
});
