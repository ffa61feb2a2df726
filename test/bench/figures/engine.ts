import { rm } from 'node:fs/promises';
import { runEngine } from '../engine/run.js';
import { atLeast, atMost, type Figure } from '../figure.js';
import { makeLogFolder } from '../log-folder.js';

/** What the event store was measured with. */
const LEAF_BYTES = 1024;
const APPENDS = 100_000;
const AT_ONCE = 1024;
const TURNS = 2;

async function inFolder<T>(run: (where: { env: Record<string, string>; data: string }) => Promise<T>): Promise<T> {
  const folder = await makeLogFolder();
  try {
    return await run({ env: folder.env(0), data: folder.data });
  } finally {
    await rm(folder.path, { recursive: true });
  }
}

/** Raw leaves a second, from the first append to the publication of the last. */
export async function append(): Promise<Figure[]> {
  const how = { count: APPENDS, bytes: LEAF_BYTES, atOnce: AT_ONCE };
  let [log, store] = [0, 0];
  for (let turn = 0; turn < TURNS; turn++) {
    await inFolder(async (where) => {
      store += (await runEngine({ ...where, do: 'append-store', ...how })).seconds ?? NaN;
      log += (await runEngine({ ...where, do: 'append-log', ...how })).seconds ?? NaN;
    });
  }
  return [
    {
      figure: 'append',
      value: (TURNS * APPENDS) / log,
      unit: 'leaves/s',
      limit: (TURNS * APPENDS) / store,
      target: atLeast(0.5),
      of: `the store's group commit, ${AT_ONCE} callers at once, ${LEAF_BYTES} bytes each; the log's until all are published`,
    },
  ];
}

/** Leaves a second from the events to tiles, dedupe index and root. */
export function rebuild(): Promise<Figure[]> {
  return inFolder(async (where) => {
    await runEngine({ ...where, do: 'append-log', count: APPENDS, bytes: LEAF_BYTES, atOnce: AT_ONCE });
    let [log, bare] = [0, 0];
    for (let turn = 0; turn < TURNS; turn++) {
      const limit = await runEngine({ ...where, do: 'rebuild-bare' });
      const ours = await runEngine({ ...where, do: 'rebuild-log' });
      if (ours.leaves !== APPENDS || limit.leaves !== APPENDS) {
        throw new Error(`${ours.leaves} and ${limit.leaves} of ${APPENDS} leaves were rebuilt`);
      }
      log += ours.seconds ?? NaN;
      bare += limit.seconds ?? NaN;
    }
    const of = 'reading, hashing leaf and node, and writing the same full tiles and bundles with fsync, bare';
    const rates = { value: (TURNS * APPENDS) / log, limit: (TURNS * APPENDS) / bare };
    return [{ figure: 'rebuild', unit: 'leaves/s', ...rates, target: atLeast(0.6), of }];
  });
}

const SIZES = [10_000, 100_000, 1_000_000, 3_000_000];
const GROWTH_LEAF_BYTES = 200;
/** Sizes that don't fit are left out, and named. */
const GROWTH_SECONDS = 240;

interface Measured {
  readonly size: number;
  readonly residentMebibytes: number;
  readonly microseconds: number;
}

/** Memory and cost of an append as the log grows: one log gives both figures. */
export function growth(): Promise<Figure[]> {
  return inFolder(async (where) => {
    const until = performance.now() + GROWTH_SECONDS * 1000;
    const bytes = GROWTH_LEAF_BYTES;
    const measured: Measured[] = [];
    let grown = '';
    for (const size of SIZES) {
      const seconds = (until - performance.now()) / 1000;
      const { leaves = 0, residentMebibytes = NaN } = await runEngine({
        ...where,
        do: 'grow',
        to: size,
        bytes,
        seconds,
      });
      if (leaves < size) break;
      grown = `the process that grew it there had ${residentMebibytes.toFixed(0)} MiB`;
      const result = await runEngine({ ...where, do: 'measure-size', bytes });
      measured.push({
        size,
        residentMebibytes: result.residentMebibytes ?? NaN,
        microseconds: result.microseconds ?? NaN,
      });
    }
    const [first, last] = [measured[0], measured.at(-1)];
    if (!first || !last) throw new Error('the log did not grow');
    const missing = SIZES.slice(measured.length);
    const left = missing.length > 0 ? `; ${missing.join(' and ')} did not fit ${GROWTH_SECONDS} s` : '';
    const each = (of: 'residentMebibytes' | 'microseconds'): string =>
      measured.map((step) => `${step.size}: ${step[of].toFixed(1)}`).join(', ');
    return [
      {
        figure: 'growth-memory',
        value: last.residentMebibytes,
        unit: 'MiB',
        limit: first.residentMebibytes,
        target: atMost(1.2),
        of: `resident with ${first.size} entries, in a fresh process; ${each('residentMebibytes')}; ${grown}${left}`,
      },
      {
        figure: 'growth-append',
        value: last.microseconds,
        unit: 'µs',
        limit: first.microseconds,
        target: atMost(1.2),
        of: `processor time of an append with ${first.size} entries; ${each('microseconds')}${left}`,
      },
    ];
  });
}

/** A signed entry with a certificate. */
const ENTRY_BYTES = 1400;
const DISK_ENTRIES = 100_000;

/** Bytes on disk per entry: events, tiles, bundles, index and all. */
export function disk(): Promise<Figure[]> {
  return inFolder(async (where) => {
    const { bytes = NaN } = await runEngine({ ...where, do: 'disk', count: DISK_ENTRIES, bytes: ENTRY_BYTES });
    return [
      {
        figure: 'disk',
        value: bytes / DISK_ENTRIES,
        unit: 'B/entry',
        limit: ENTRY_BYTES,
        target: atMost((2.3 * ENTRY_BYTES + 100) / ENTRY_BYTES),
        of: `the entry itself; the target is 2.3 × and 100 bytes; ${DISK_ENTRIES} entries`,
      },
    ];
  });
}
