import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { falseAlarms, messages } from './questions/cost.js';
import { churn, operators, sybils } from './questions/failures.js';
import { defaultNode, eclipse, openLinks, pull, reservedLinks } from './questions/isolation.js';
import { proofs, size, syncPeriod } from './questions/speed.js';
import { rumours } from './questions/theory.js';
import { page } from './report.js';
import type { Effort, Table } from './table.js';

/** In the order in which they are answered. */
const QUESTIONS: Readonly<Record<string, (effort: Effort) => Table>> = {
  'default-node': defaultNode,
  'open-links': openLinks,
  'reserved-links': reservedLinks,
  eclipse,
  pull,
  'sync-period': syncPeriod,
  size,
  proofs,
  churn,
  operators,
  sybils,
  messages,
  'false-alarms': falseAlarms,
  rumours,
};

const quick = process.argv.includes('--quick');
const asked = process.argv.slice(2).filter((argument) => argument !== '--quick');
const unknown = asked.filter((name) => !(name in QUESTIONS));
if (unknown.length > 0) {
  process.stderr.write(`no question ${unknown.join(', ')}; there are ${Object.keys(QUESTIONS).join(', ')}\n`);
  process.exit(2);
}
const effort: Effort = { of: (runs) => (quick ? Math.max(1, Math.ceil(runs / 10)) : runs) };
const started = performance.now();
const seconds = (): number => (performance.now() - started) / 1000;
const tables: Table[] = [];
for (const [name, answer] of Object.entries(QUESTIONS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const before = seconds();
  tables.push(answer(effort));
  process.stderr.write(`# ${name} took ${(seconds() - before).toFixed(1)} s\n`);
}
// The page that is kept has all answers, with the runs that they deserve.
if (quick || asked.length > 0) process.stdout.write(page(tables, seconds()));
else await writeFile(resolve('test/sim/latest.md'), page(tables, seconds()));
const failures = tables.flatMap(({ failure }) => failure ?? []);
for (const failure of failures) process.stderr.write(`FAILED: ${failure}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
