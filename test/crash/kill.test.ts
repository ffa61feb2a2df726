import { expect, test } from '@jest/globals';
import { killLoop } from './kill/kill-loop.js';

test('after 25 SIGKILLs of the built log under load nothing that was acknowledged is lost, and nothing has forked', async () => {
  const { acknowledged, ...report } = await killLoop(25);
  expect(report).toEqual({ kills: 25, lost: 0, forked: 0, findings: [] });
  expect(acknowledged).toBeGreaterThan(100);
}, 180_000);
