import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { KurrentWireDouble } from '../../libs/event-store/src/testing/kurrent-wire-double.js';
import { runLog } from './log-run.js';

test("a log on the double of KurrentDB's protocol outlives lost answers, and goes on from the events", async () => {
  const double = await KurrentWireDouble.start();
  await runLog(double.url, () => double.appendFaults.push('unavailable', 'lost-connection', 'duplicate-answer'));
  await double.stop();
});

test('without a server the live tests say that they were not run', () => {
  const { KURRENTDB_URL: _, ...env } = process.env;
  const said = execFileSync(process.execPath, ['test/kurrentdb/run.mjs'], { env, encoding: 'utf8' });
  expect(said).toBe('KurrentDB live contract: NOT RUN (KURRENTDB_URL is not set)\n');
});
