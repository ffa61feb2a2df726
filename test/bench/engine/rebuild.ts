import { createHash, hash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const TILE = 256;
/** Of an EntriesSequenced event: index, count and time come before the length of the leaves. */
const DATA_AT = 8 + 2 + 8 + 3;

/**
 * What a rebuild can't do without: reads the leaves, hashes leaves and nodes, and writes the full tiles and bundles durably,
 * with nothing of ours. Gives the seconds and the root of the largest whole number of tiles.
 */
export function rebuildBare(data: string, target: string): { seconds: number; leaves: number } {
  const start = performance.now();
  const database = new DatabaseSync(join(data, 'events.sqlite'), { readOnly: true });
  const rows = database
    .prepare("SELECT data FROM event WHERE type = 'EntriesSequenced/v1' ORDER BY position")
    .iterate() as Iterable<{ data: Uint8Array }>;
  const folders = new Set<string>();
  const levels: Buffer[][] = [];
  let bundle: Uint8Array[] = [];
  let leaves = 0;
  const write = (name: string, parts: readonly Uint8Array[]): void => {
    const path = join(target, name);
    const folder = dirname(path);
    if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
    folders.add(folder);
    const file = openSync(path, 'w');
    writeSync(file, Buffer.concat(parts));
    fsyncSync(file);
    closeSync(file);
  };
  const add = (level: number, node: Buffer): void => {
    const row = (levels[level] ??= []);
    row.push(node);
    if (row.length % TILE !== 0) return;
    const tile = row.splice(0);
    write(`tile/${level}/${leaves / TILE ** (level + 1) - 1}`, tile);
    let nodes: Buffer[] = tile;
    while (nodes.length > 1) {
      nodes = Array.from({ length: nodes.length / 2 }, (_, i) => node1(nodes[2 * i], nodes[2 * i + 1]));
    }
    add(level + 1, nodes[0] ?? Buffer.alloc(0));
  };
  for (const { data: event } of rows) {
    const end = DATA_AT + (((event[18] ?? 0) << 16) | ((event[19] ?? 0) << 8) | (event[20] ?? 0));
    for (let at = DATA_AT; at < end;) {
      const next = at + 2 + (((event[at] ?? 0) << 8) | (event[at + 1] ?? 0));
      bundle.push(event.subarray(at, next));
      leaves++;
      add(0, leafHash(event.subarray(at + 2, next)));
      at = next;
      if (bundle.length < TILE) continue;
      write(`tile/entries/${leaves / TILE - 1}`, bundle);
      bundle = [];
    }
  }
  for (const folder of folders) {
    const handle = openSync(folder, 'r');
    fsyncSync(handle);
    closeSync(handle);
  }
  database.close();
  return { seconds: (performance.now() - start) / 1000, leaves };
}

function leafHash(leaf: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF).update(leaf).digest();
}

const LEAF = Buffer.of(0);
const node = Buffer.alloc(65, 1);

function node1(left: Buffer | undefined, right: Buffer | undefined): Buffer {
  left?.copy(node, 1);
  right?.copy(node, 33);
  return hash('sha256', node, 'buffer');
}
