import { utf8Encode } from '#libs/crypto';
import { hashLeaf, proveConsistency, proveSubtreeConsistency } from '#libs/merkle';
import { formatNote, signNote, type NoteSigner } from '#libs/note';
import {
  EMPTY_EDGE,
  edgeRoot,
  encodeEntryBundle,
  formatAddCheckpointRequest,
  formatCheckpoint,
  integrate,
  packageRanges,
  parseTilePath,
  tileNodeReader,
  type Checkpoint,
  type ReadPackage,
} from '#libs/tlog';
import { ed25519Signer } from '../../../../../test/note-signers.js';
import { localServer, type LocalServer } from '../../../../../test/local-server.js';

const WIDTH = 256;

/** A log with entries, as a mirror meets it. A fork has the entries of the other one up to `forkAt`, and others from there. */
export class EntryLog {
  readonly entries: Uint8Array[];
  readonly #hashes: Uint8Array[];

  constructor(
    readonly origin: string,
    readonly count: number,
    readonly signer: NoteSigner = ed25519Signer(origin),
    forkAt: number = count,
  ) {
    this.entries = Array.from({ length: count }, (_, i) => utf8Encode(`${i < forkAt ? 'entry' : 'other'} ${i}`));
    this.#hashes = this.entries.map(hashLeaf);
  }

  forkAt(index: number): EntryLog {
    return new EntryLog(this.origin, this.count, this.signer, index);
  }

  checkpoint(size: number): Checkpoint {
    const root = edgeRoot(integrate(EMPTY_EDGE, this.#hashes.slice(0, size)).edge);
    return { origin: this.origin, size: BigInt(size), root, extensions: [] };
  }

  async note(size: number, signers: readonly NoteSigner[] = [this.signer]): Promise<Uint8Array> {
    return formatNote(await signNote(formatCheckpoint(this.checkpoint(size)), signers));
  }

  /** The hashes of a tile in a tree that may be larger than any that was signed. */
  readonly tile = async (level: number, index: bigint, width: number): Promise<Uint8Array> => {
    let tiles = this.#hashes;
    for (let at = 0; at < level; at++) {
      const below = tiles;
      tiles = Array.from({ length: Math.floor(below.length / WIDTH) }, (_, i) =>
        edgeRoot(integrate(EMPTY_EDGE, below.slice(i * WIDTH, (i + 1) * WIDTH)).edge),
      );
    }
    return Buffer.concat(tiles.slice(Number(index) * WIDTH, Number(index) * WIDTH + width));
  };

  read(size: number): ReturnType<typeof tileNodeReader> {
    return tileNodeReader(BigInt(size), this.tile);
  }

  async addCheckpoint(oldSize: number, size: number): Promise<Uint8Array> {
    const proof = oldSize === 0 ? [] : await proveConsistency(BigInt(oldSize), BigInt(size), this.read(size));
    return formatAddCheckpointRequest({ oldSize: BigInt(oldSize), proof, checkpoint: await this.note(size) });
  }

  async packages(start: number, end: number): Promise<ReadPackage[]> {
    const packages: ReadPackage[] = [];
    for (const range of packageRanges(BigInt(start), BigInt(end))) {
      const proof = await proveSubtreeConsistency(range.subtreeStart, range.end, BigInt(end), this.read(end));
      packages.push({ range, entries: this.entries.slice(Number(range.start), Number(range.end)), proof });
    }
    return packages;
  }

  /** By tlog-tiles, with a checkpoint of `size()` entries; `tamper` may change what is sent, or leave it out. */
  async serve(
    size: () => number,
    tamper: (path: string, bytes: Uint8Array) => Uint8Array | undefined = (_, bytes) => bytes,
  ): Promise<LocalServer> {
    return localServer((request, response) => {
      const path = (request.url ?? '').slice(1);
      void this.#file(path, size()).then(
        (bytes) => {
          const sent = bytes && tamper(path, bytes);
          if (sent === undefined) response.writeHead(404).end();
          else response.end(sent);
        },
        () => response.writeHead(404).end(),
      );
    });
  }

  async #file(path: string, size: number): Promise<Uint8Array | undefined> {
    if (path === 'checkpoint') return this.note(size);
    const { kind, level, index, width } = parseTilePath(path);
    const bytes = await this.tile(kind === 'hashes' ? level : 0, index, width);
    if (bytes.length < width * 32) return undefined;
    if (kind === 'hashes') return bytes;
    const from = Number(index) * WIDTH;
    return from + width > size ? undefined : encodeEntryBundle(this.entries.slice(from, from + width));
  }
}
