import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from '#libs/crypto';
import { TileStore } from '#libs/tile-store';
import { publishedNote, type Checkpoints } from '../sequencer/checkpoints.js';
import type { TreeFile } from '../sequencer/tree.js';
import { derive } from './derive.js';
import type { OfflineLog } from './offline-log.js';

/** What was found, or made. */
export interface Rebuilt {
  readonly size: bigint;
  readonly files: number;
  readonly signedCheckpoints: number;
}

/** The first file that isn't what the events say. */
export interface Difference {
  readonly path: string;
  readonly problem: string;
}

export type Progress = (entries: bigint) => void;

/**
 * Derives everything anew and holds it against what is on disk, byte by byte, and against every checkpoint that was signed
 * or published. Changes nothing.
 * @throws LogError where the events themselves don't agree
 */
export async function verifyLog(log: OfflineLog, progress: Progress): Promise<Rebuilt | Difference> {
  const tiles = await TileStore.open({ directory: log.tilesDirectory });
  let files = 0;
  let signedCheckpoints = 0;
  let published: readonly TreeFile[] = [];
  const compare = async (expected: readonly TreeFile[]): Promise<Difference | undefined> => {
    for (const { path, bytes } of expected) {
      const found = await tiles.read(path);
      if (!found) return { path, problem: 'is missing' };
      if (!equalBytes(found, bytes)) return { path, problem: firstDifference(found, bytes) };
      files++;
    }
    return undefined;
  };
  for await (const derived of derive(log)) {
    switch (derived.kind) {
      case 'full': {
        const difference = await compare(derived.files);
        if (difference) return difference;
        break;
      }
      case 'signed':
        signedCheckpoints++;
        published = derived.partial;
        progress(derived.signed.size);
        break;
      case 'end': {
        // Partial tiles of older sizes may have gone; those of the newest checkpoint are being read.
        const difference = (await compare(published)) ?? (await compareCheckpoint(tiles, derived.checkpoints));
        if (difference) return difference;
        return { size: derived.size, files, signedCheckpoints };
      }
    }
  }
  throw new TypeError('a derivation has an end');
}

async function compareCheckpoint(tiles: TileStore, checkpoints: Checkpoints): Promise<Difference | undefined> {
  const expected = publishedNote(checkpoints);
  if (!expected) return undefined;
  const found = await tiles.readCheckpoint();
  if (!found) return { path: 'checkpoint', problem: 'is missing' };
  return equalBytes(found, expected)
    ? undefined
    : { path: 'checkpoint', problem: 'is not the one that was published last' };
}

function firstDifference(found: Uint8Array, expected: Uint8Array): string {
  if (found.length !== expected.length) return `has ${found.length} bytes, the events give it ${expected.length}`;
  const at = found.findIndex((byte, i) => byte !== expected[i]);
  return `differs at byte ${at}: it is ${found[at]}, the events say ${expected[at]}`;
}

/**
 * Writes tiles, bundles and the published checkpoint anew, and puts them in the place of what was there, which is kept
 * beside. Snapshot and dedupe index are removed: the next start makes them. Issuers of a ct log are taken along: they are
 * in no event.
 * @returns also where the old files are
 */
export async function rebuildLog(log: OfflineLog, progress: Progress): Promise<Rebuilt & { readonly before: string }> {
  const fresh = `${log.tilesDirectory}.rebuilt`;
  await rm(fresh, { recursive: true, force: true });
  const tiles = await TileStore.open({ directory: fresh });
  let rebuilt: Rebuilt = { size: 0n, files: 0, signedCheckpoints: 0 };
  let published: readonly TreeFile[] = [];
  for await (const derived of derive(log)) {
    switch (derived.kind) {
      case 'full':
        await tiles.writeFull(derived.files);
        rebuilt = { ...rebuilt, files: rebuilt.files + derived.files.length };
        break;
      case 'signed':
        published = derived.partial;
        rebuilt = { ...rebuilt, signedCheckpoints: rebuilt.signedCheckpoints + 1 };
        progress(derived.signed.size);
        break;
      case 'end': {
        await tiles.writePartial(published);
        const note = publishedNote(derived.checkpoints);
        if (note) await tiles.writeCheckpoint(note);
        rebuilt = { ...rebuilt, size: derived.size, files: rebuilt.files + published.length };
      }
    }
  }
  await cp(join(log.tilesDirectory, 'issuer'), join(fresh, 'issuer'), { recursive: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  });
  const before = `${log.tilesDirectory}.before-${new Date().toISOString().replaceAll(/[:.]/g, '')}`;
  await rm(log.snapshotPath, { force: true });
  await rm(log.dedupeDirectory, { recursive: true, force: true });
  await rename(log.tilesDirectory, before);
  await rename(fresh, log.tilesDirectory);
  return { ...rebuilt, before };
}
