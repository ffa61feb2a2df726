import { rmSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { actDifferentSizes } from './different-sizes.js';
import { Network } from './network.js';
import { PackageIndex, type Showing } from './package-index.js';
import { entry, print, say, step, title } from './page.js';
import { EARLIER } from './releases.js';
import { actSameSize } from './same-size.js';

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

async function main(): Promise<void> {
  const began = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'tally-split-view-'));
  const closers: (() => Promise<void>)[] = [];
  const interrupted = (): never => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    await play(folder, closers);
  } finally {
    for (const close of closers.reverse()) await close();
    // What remains is what was promised: the evidence.
    const names = await readdir(folder);
    const rest = names.some((name) => name.endsWith('.evidence'))
      ? names.filter((name) => !name.endsWith('.evidence')).map((name) => join(folder, name))
      : [folder];
    for (const path of rest) await rm(path, { recursive: true });
  }
  print();
  say(`Everything is stopped again, after ${seconds(began)}. Of all this only the evidence is left, in ${folder}`);
}

async function play(folder: string, closers: (() => Promise<void>)[]): Promise<void> {
  title('The split view: a log tells two people two stories, and is caught\n');
  say(
    'A package index publishes every release in a transparency log: a list that only grows, under the signature of the ' +
      'log. Whoever installs a package checks that its digest is in the list. But is it everybody’s list? A log could show ' +
      'one person another one, with malware in it, and all others would see nothing. Witnesses are there to notice that.',
  );
  step(1, 'Who is here');
  const origins = ['packages.example', 'modules.example'];
  const indexes = await Promise.all(origins.map((origin) => PackageIndex.start(origin, join(folder, origin))));
  closers.push(async () => void (await Promise.all(indexes.map((index) => index.close()))));
  const [index, other] = indexes;
  if (!index || !other) throw new Error('a log is missing');
  const started = performance.now();
  const network = await Network.start(folder, indexes, (log, city) =>
    log === other && city !== 'Perth' ? log.url('a') : undefined,
  );
  closers.push(() => network.stop());
  entry(
    '5 witnesses',
    'Oslo, Lima, Kyoto, Accra, Perth: each is tally-witness in a process of its own, with its own keys, store and ports. ' +
      `After ${seconds(started)} each is connected to the four others, over libp2p on TCP. (All of this is one machine with ` +
      `${availableParallelism()} processors.)`,
  );
  entry('1 monitor', 'tally-monitor, connected to Oslo and Lima; its webhook tells an auditor');
  entry(
    '1 log',
    `${index.key.name}, which lies: two engines sign two histories with one key. Only code of the tests can do that; the ` +
      'programs are built without it',
  );
  const commons: Showing[] = [];
  for (const log of indexes) {
    const showing = await log.current('a');
    const request = await log.request(showing, 0n);
    await Promise.all(network.witnesses.map((witness) => witness.cosign(request)));
    commons.push(showing);
  }
  entry(`${EARLIER.length} releases`, 'so far, the same ones for everybody, cosigned by all five witnesses');
  const [common, otherCommon] = commons;
  if (!common || !otherCommon) throw new Error('a log shows nothing');
  await actSameSize(network, index, common, folder);
  await actDifferentSizes(network, other, otherCommon, folder);
}

main().catch((error: unknown) => {
  process.stderr.write(`\nthe demo did not go as it should: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1); // also when something that failed still holds a socket
});
