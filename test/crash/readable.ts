import { join } from 'node:path';
import { equalBytes } from '#libs/crypto';
import {
  EMPTY_EDGE,
  entryBundlePath,
  integrate,
  parseCheckpoint,
  encodeEntryBundle,
  tilePath,
  TILE_WIDTH,
} from '#libs/tlog';
import { hashLeaf } from '#libs/merkle';
import { parseNote } from '#libs/note';
import type { LogConfig } from '../../apps/log/src/config.js';
import type { RecordedLog } from './recorded-log.js';
import type { SimulatedDisk } from './simulated-disk.js';

/** What is wrong with the files that readers get: the checkpoint, and every tile and bundle that it promises. */
export async function readableFrom(disk: SimulatedDisk, config: LogConfig, recorded: RecordedLog): Promise<string[]> {
  const note = disk.visible(join(config.dataDirectory, 'tiles', 'checkpoint'));
  if (!note) return ['unreadable: there is no checkpoint'];
  const { size } = parseCheckpoint(parseNote(note).text);
  return unreadable(disk, config, (await recorded.entries()).slice(0, Number(size)));
}

/** The tiles and bundles of the tree of these entries that are not there as they should be. */
export function unreadable(disk: SimulatedDisk, config: LogConfig, entries: readonly Uint8Array[]): string[] {
  const read = (path: string): Uint8Array | undefined => {
    const full = path.replace(/\.p\/\d+$/, '');
    const visible = (name: string) => disk.visible(join(config.dataDirectory, 'tiles', name));
    return visible(path) ?? (full === path ? undefined : visible(full)); // tlog-tiles: a partial one may be gone by then
  };
  const begins = (found: Uint8Array | undefined, bytes: Uint8Array): boolean =>
    found !== undefined && equalBytes(found.subarray(0, bytes.length), bytes);
  const size = entries.length;
  const wrong: string[] = [];
  const { tiles } = integrate(EMPTY_EDGE, entries.map(hashLeaf));
  for (const { level, index, width, bytes } of tiles) {
    if (!begins(read(tilePath(level, index, width)), bytes))
      wrong.push(`unreadable: ${tilePath(level, index, width)} of size ${size}`);
  }
  for (let from = 0; from < entries.length; from += TILE_WIDTH) {
    const expected = entries.slice(from, from + TILE_WIDTH);
    const path = entryBundlePath(BigInt(from / TILE_WIDTH), expected.length);
    if (!begins(read(path), encodeEntryBundle(expected))) wrong.push(`unreadable: ${path} of size ${size}`);
  }
  return wrong;
}
