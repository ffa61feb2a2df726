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
  const read = (path: string): Uint8Array | undefined => disk.visible(join(config.dataDirectory, 'tiles', path));
  const note = read('checkpoint');
  if (!note) return ['unreadable: there is no checkpoint'];
  const { size } = parseCheckpoint(parseNote(note).text);
  const entries = (await recorded.entries()).slice(0, Number(size));
  const wrong: string[] = [];
  const { tiles } = integrate(EMPTY_EDGE, entries.map(hashLeaf));
  for (const { level, index, width, bytes } of tiles) {
    const found = read(tilePath(level, index, width));
    if (!found || !equalBytes(found, bytes)) wrong.push(`unreadable: ${tilePath(level, index, width)} of size ${size}`);
  }
  for (let from = 0; from < entries.length; from += TILE_WIDTH) {
    const expected = entries.slice(from, from + TILE_WIDTH);
    const path = entryBundlePath(BigInt(from / TILE_WIDTH), expected.length);
    const found = read(path);
    if (!found || !equalBytes(found, encodeEntryBundle(expected))) wrong.push(`unreadable: ${path} of size ${size}`);
  }
  return wrong;
}
