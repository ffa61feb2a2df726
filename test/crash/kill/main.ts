import { parseArgs } from 'node:util';
import { killLoop } from './kill-loop.js';

/** `npm run test:kill -- --kills N`: the last line is the result; exit code 1 when anything was lost or forked. */
const { values } = parseArgs({ options: { kills: { type: 'string', default: '25' } } });
const kills = Number(values.kills);
if (!Number.isSafeInteger(kills) || kills < 1) {
  process.stderr.write(`--kills ${values.kills} should be a whole number from 1\n`);
  process.exit(2);
}
const { findings, ...report } = await killLoop(kills, (kill) => {
  if (kill % 10 === 0) process.stdout.write(`${kill} of ${kills} kills\n`);
});
for (const finding of findings) process.stdout.write(`${finding}\n`);
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(findings.length === 0 ? 0 : 1);
