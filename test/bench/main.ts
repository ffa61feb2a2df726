import { resolve } from 'node:path';
import { printFigure, writeReport, type Figure } from './figure.js';
import { detection } from './figures/detection.js';
import { append, disk, growth, rebuild } from './figures/engine.js';
import { heal } from './figures/heal.js';
import { latency } from './figures/latency.js';
import { reads } from './figures/reads.js';
import { signLatency, verifyLatency } from './figures/stack.js';
import { throughput } from './figures/throughput.js';
import { witness, witnessMemory } from './figures/witness.js';
import { LoadGenerator } from './load/generator.js';

let growing: Promise<Figure[]> | undefined;

/** One log that grows gives both figures. */
async function grown(name: string): Promise<Figure[]> {
  growing ??= growth();
  return (await growing).filter(({ figure }) => figure === name);
}

/** Every figure by its name, in the order in which they are measured. */
const FIGURES: Readonly<Record<string, (load: LoadGenerator) => Promise<Figure[]>>> = {
  throughput: (load) => throughput(load, 0),
  'throughput-witnessed': (load) => throughput(load, 3),
  'latency-50': (load) => latency(load, 50),
  'latency-500': (load) => latency(load, 500),
  append,
  rebuild,
  reads,
  'growth-memory': () => grown('growth-memory'),
  'growth-append': () => grown('growth-append'),
  disk,
  witness,
  'witness-memory': witnessMemory,
  'detection-10': () => detection(10),
  'detection-25': () => detection(25),
  'detection-50': () => detection(50),
  heal,
  'sign-latency': signLatency,
  'verify-latency': verifyLatency,
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(FIGURES);
const unknown = names.filter((name) => !(name in FIGURES));
if (unknown.length > 0) {
  process.stderr.write(`no figure ${unknown.join(', ')}; there are ${Object.keys(FIGURES).join(', ')}\n`);
  process.exit(2);
}
const started = performance.now();
const seconds = (): number => (performance.now() - started) / 1000;
const load = LoadGenerator.start();
const measured: Figure[] = [];
let failed = 0;
for (const name of names) {
  const before = seconds();
  const figures = await FIGURES[name]?.(load).catch((error: unknown) => {
    failed++;
    process.stderr.write(`${name}: ${error instanceof Error ? error.stack : String(error)}\n`);
  });
  for (const figure of figures ?? []) printFigure(figure);
  measured.push(...(figures ?? []));
  process.stdout.write(`# ${name} took ${(seconds() - before).toFixed(0)} s\n`);
}
load.stop();
await writeReport(resolve('test/bench/latest.md'), measured, seconds());
process.exit(failed > 0 ? 1 : 0);
