import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hashLeaf } from '#libs/merkle';
import { formatNote, signNote, type NoteSigner } from '#libs/note';
import {
  edgeRoot,
  EMPTY_EDGE,
  encodeEntryBundle,
  entryBundlePath,
  formatCheckpoint,
  integrate,
  tilePath,
  type TileEdge,
} from '#libs/tlog';

/** Writes the files of a log as a log does: it grows in steps, and keeps the partial files of each. */
export async function writeLog(
  folder: string,
  signer: NoteSigner,
  sizes: readonly number[],
  entry: (i: number) => Uint8Array,
): Promise<void> {
  let edge: TileEdge = EMPTY_EDGE;
  const write = (path: string, bytes: Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  };
  for (const size of sizes) {
    for (let from = Number(edge.size); from < size; from = Number(edge.size)) {
      const first = from - (from % 256);
      const to = Math.min(first + 256, size);
      const entries = Array.from({ length: to - first }, (_, i) => entry(first + i));
      write(entryBundlePath(BigInt(first / 256), entries.length), encodeEntryBundle(entries));
      const { edge: next, tiles } = integrate(edge, entries.slice(from - first).map(hashLeaf));
      edge = next;
      for (const { level, index, width, bytes } of tiles) {
        if (width === 256 || to === size) write(tilePath(level, index, width), bytes);
      }
    }
    const checkpoint = { origin: signer.key.name, size: edge.size, root: edgeRoot(edge), extensions: [] };
    write('checkpoint', formatNote(await signNote(formatCheckpoint(checkpoint), [signer])));
  }
}

/** Flips a bit of a file, and gives what puts it back. */
export function flipByte(path: string, at: number): () => void {
  const bytes = readFileSync(path);
  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at);
  writeFileSync(path, flipped);
  return () => writeFileSync(path, bytes);
}
