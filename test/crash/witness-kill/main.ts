import { parseArgs } from 'node:util';
import { killWitnesses } from './kill-loop.js';

/**
 * `npm run test:kill-witness -- --kills N`: the last line is the result; exit code 1 when anything is not as it should be.
 * SIGINT ends it early, with the result so far.
 */
const { values } = parseArgs({ options: { kills: { type: 'string', default: '40' } } });
const kills = Number(values.kills);
if (!Number.isSafeInteger(kills) || kills < 1) {
  process.stderr.write(`--kills ${values.kills} should be a whole number from 1\n`);
  process.exit(2);
}
const enough = new AbortController();
process.once('SIGINT', () => enough.abort());
const { findings, ...report } = await killWitnesses(kills, {
  enough: enough.signal,
  progress: (kill) => {
    if (kill % 20 === 0) process.stdout.write(`${kill} of ${kills} kills\n`);
  },
});
for (const finding of findings.slice(0, 100)) process.stdout.write(`${finding}\n`);
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(findings.length === 0 ? 0 : 1);
