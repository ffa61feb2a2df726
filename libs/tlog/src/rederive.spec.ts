import { beforeEach, describe, expect, test } from '@jest/globals';
import { sha256, toHex } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import { hashLeaf } from '#libs/merkle';
import {
  EMPTY_EDGE,
  detectLeafKind,
  edgeRoot,
  encodeEntryBundle,
  encodeTileLeaf,
  entryBundlePath,
  integrate,
  merkleTreeLeaf,
  rederive,
  sctExtensions,
  tilePath,
  tileWidth,
  type Difference,
  type FetchFile,
  type LeafKind,
  type Rederivation,
  type Rederived,
  type TileEdge,
  type TileLeaf,
  type TreeHead,
} from './index.js';

type Files = Map<string, Uint8Array>;

/** All files of a log, full and partial, of its newest size alone. */
function filesOf(size: number, entry: (i: number) => Uint8Array): { files: Files; head: TreeHead } {
  const files: Files = new Map();
  let edge: TileEdge = EMPTY_EDGE;
  for (let from = 0; from < size; from += 256) {
    const entries = Array.from({ length: Math.min(256, size - from) }, (_, i) => entry(from + i));
    files.set(entryBundlePath(BigInt(from / 256), entries.length), encodeEntryBundle(entries));
    const integrated = integrate(edge, entries.map(hashLeaf));
    edge = integrated.edge;
    for (const { level, index, width, bytes } of integrated.tiles) {
      if (width === 256 || Number(edge.size) === size) files.set(tilePath(level, index, width), bytes);
    }
  }
  return { files, head: { size: edge.size, root: edgeRoot(edge) } };
}

const entry = (i: number): Uint8Array => utf8Encode(`entry ${i}`);

function reader(files: Files): FetchFile & { paths: string[] } {
  const paths: string[] = [];
  const fetch: FetchFile = async (path) => {
    paths.push(path);
    return files.get(path) ?? 'missing';
  };
  return Object.assign(fetch, { paths });
}

interface Outcome {
  readonly difference: Difference | undefined;
  readonly last: Rederived | undefined;
}

async function run(task: Omit<Rederivation, 'kind'> & { kind?: LeafKind }): Promise<Outcome> {
  const walk = rederive({ kind: 'entries', ...task });
  let last: Rederived | undefined;
  for (;;) {
    const { done, value } = await walk.next();
    if (done) return { difference: value, last };
    last = value;
  }
}

function flip(files: Files, path: string, at: number): void {
  const bytes = Uint8Array.from(files.get(path)!);
  bytes[at]! ^= 1;
  files.set(path, bytes);
}

describe('a log whose files are right', () => {
  test.each([0, 1, 255, 256, 257, 511, 512, 1000])('of %d entries is re-derived, each file read once', async (size) => {
    const { files, head } = filesOf(size, entry);
    const fetch = reader(files);
    const { difference, last } = await run({ checkpoint: head, fetch });
    expect([difference, last?.edge.size, last?.files]).toEqual([undefined, BigInt(size), files.size]);
    expect(fetch.paths.toSorted()).toEqual([...files.keys()].toSorted());
  });

  test('of 65 537 entries has three levels of tiles', async () => {
    const { files, head } = filesOf(65_537, entry);
    expect(files.has('tile/2/000.p/1')).toBe(true);
    expect((await run({ checkpoint: head, fetch: reader(files) })).difference).toBeUndefined();
    flip(files, 'tile/1/000', 32 * 7);
    expect((await run({ checkpoint: head, fetch: reader(files) })).difference).toMatchObject({
      code: 'hash-differs',
      file: 'tile/1/000',
      index: 7n,
      proven: true,
    });
  });

  test('may have replaced its partial files by full ones', async () => {
    const { head } = filesOf(300, entry);
    const { files } = filesOf(600, entry);
    const fetch = reader(files);
    expect((await run({ checkpoint: head, fetch })).difference).toMatchObject({
      code: 'missing-file',
      file: 'tile/1/000.p/1', // of 600 entries there is no tile/1/000 yet, so the partial one has to stay
    });
    files.set('tile/1/000.p/1', files.get('tile/1/000.p/2')!.subarray(0, 32));
    expect((await run({ checkpoint: head, fetch })).difference).toBeUndefined();
  });

  test('is never asked for more than so many files at once', async () => {
    const { files, head } = filesOf(5000, entry);
    let now = 0;
    let most = 0;
    const fetch: FetchFile = async (path) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return files.get(path) ?? 'missing';
    };
    expect((await run({ checkpoint: head, fetch, inFlight: 5 })).difference).toBeUndefined();
    expect(most).toBe(5);
  });

  test('is read on from where an earlier run ended, its new files alone', async () => {
    const old = filesOf(700, entry);
    const { last } = await run({ checkpoint: old.head, fetch: reader(old.files) });
    const { files, head } = filesOf(800, entry);
    const fetch = reader(files);
    const { difference } = await run({ checkpoint: head, fetch, from: last!.edge, earlier: old.head });
    expect([difference, fetch.paths]).toEqual([
      undefined,
      ['tile/entries/002', 'tile/0/002', 'tile/entries/003.p/32', 'tile/0/003.p/32', 'tile/1/000.p/3'],
    ]);
    const again = reader(files);
    expect(
      await run({ checkpoint: head, fetch: again, from: (await run({ checkpoint: head, fetch })).last!.edge }),
    ).toMatchObject({
      difference: undefined,
    });
    expect(again.paths).toEqual([]);
  });
});

describe('the first difference is named:', () => {
  let files: Files;
  let head: TreeHead;
  beforeEach(() => {
    ({ files, head } = filesOf(600, entry));
  });
  const difference = async (): Promise<Difference | undefined> =>
    (await run({ checkpoint: head, fetch: reader(files) })).difference;

  test('an entry', async () => {
    // "entry 256" … "entry 265" take 11 bytes each, and two of them are the length.
    flip(files, 'tile/entries/001', 11 * 9 + 5);
    expect(await difference()).toEqual({
      code: 'entry-differs',
      file: 'tile/entries/001',
      index: 265n,
      expected: toHex(hashLeaf(entry(265))),
      found: toHex(hashLeaf(files.get('tile/entries/001')!.subarray(11 * 9 + 2, 11 * 10))),
      proven: true,
    });
  });

  test('the length of an entry', async () => {
    flip(files, 'tile/entries/001', 0);
    expect(await difference()).toMatchObject({ code: 'malformed-file', file: 'tile/entries/001' });
  });

  test.each([
    ['tile/0/001', 256],
    ['tile/0/002.p/88', 512],
    ['tile/1/000.p/2', 0],
  ])('a hash in %s', async (path, first) => {
    flip(files, path, 32);
    expect(await difference()).toMatchObject({
      code: 'hash-differs',
      file: path,
      index: BigInt(first + 1),
      proven: true,
    });
  });

  test('two files that do not fit each other, where both are wrong', async () => {
    flip(files, 'tile/entries/000', 3);
    flip(files, 'tile/0/000', 1);
    expect(await difference()).toMatchObject({
      code: 'hash-differs',
      file: 'tile/0/000',
      index: 0n,
      unlessIn: 'tile/entries/000',
      proven: false,
    });
  });

  test.each(['tile/entries/000', 'tile/entries/002.p/88', 'tile/0/001', 'tile/0/002.p/88', 'tile/1/000.p/2'])(
    'the missing file %s',
    async (path) => {
      files.delete(path);
      expect(await difference()).toMatchObject({ code: 'missing-file', file: path });
    },
  );

  test.each(['tile/entries/002.p/88', 'tile/0/001', 'tile/0/002.p/88'])(
    'the file %s, with bytes too many',
    async (path) => {
      const bytes = files.get(path)!;
      files.set(path, Uint8Array.from([...bytes, ...bytes.subarray(0, path.includes('entries') ? 11 : 32)]));
      expect(await difference()).toMatchObject({ code: 'malformed-file', file: path });
    },
  );

  test('the root', async () => {
    const root = sha256(head.root);
    expect((await run({ checkpoint: { ...head, root }, fetch: reader(files) })).difference).toMatchObject({
      code: 'root-differs',
      expected: toHex(head.root),
      found: toHex(root),
    });
  });

  test('the tree of a checkpoint seen before, which is no prefix', async () => {
    const other = filesOf(400, (i) => entry(i === 399 ? 1000 : i)).head;
    const checkpoint = head;
    expect((await run({ checkpoint, earlier: other, fetch: reader(files) })).difference).toMatchObject({
      code: 'earlier-root-differs',
      index: 400n,
      proven: true,
    });
    expect(
      (await run({ checkpoint, earlier: filesOf(400, entry).head, fetch: reader(files) })).difference,
    ).toBeUndefined();
  });

  test('another root at the same size, without reading anything', async () => {
    const fetch = reader(files);
    const earlier = { size: head.size, root: sha256(head.root) };
    expect((await run({ checkpoint: head, earlier, fetch })).difference).toMatchObject({
      code: 'earlier-root-differs',
      proven: true,
    });
    expect(fetch.paths).toEqual([]);
  });

  test('a checkpoint smaller than one seen before', async () => {
    const earlier = { size: 601n, root: head.root };
    expect((await run({ checkpoint: head, earlier, fetch: reader(files) })).difference?.code).toBe('checkpoint-behind');
  });

  test('a history that is another than the one read in an earlier run, wherever they part', async () => {
    for (const parted of [3, 699]) {
      const old = filesOf(700, entry);
      const { last } = await run({ checkpoint: old.head, fetch: reader(old.files) });
      const { files, head } = filesOf(1000, (i) => entry(i === parted ? -1 : i));
      const fetch = reader(files);
      expect((await run({ checkpoint: head, from: last!.edge, earlier: old.head, fetch })).difference).toMatchObject({
        code: 'earlier-root-differs',
        index: 700n,
        expected: toHex(old.head.root),
        proven: true,
      });
    }
  });

  test('an entry that was another one in an earlier run', async () => {
    const old = filesOf(550, entry);
    const { last } = await run({ checkpoint: old.head, fetch: reader(old.files) });
    const { files, head } = filesOf(600, (i) => entry(i === 540 ? 0 : i));
    expect((await run({ checkpoint: head, from: last!.edge, fetch: reader(files) })).difference).toMatchObject({
      code: 'entry-differs',
      file: 'tile/entries/002.p/88',
      index: 540n,
    });
  });
});

test('what fetch throws is thrown, and the requests under way are stopped', async () => {
  const { files, head } = filesOf(5000, entry);
  const signals: (AbortSignal | undefined)[] = [];
  const fetch: FetchFile = async (path, _, signal) => {
    signals.push(signal);
    if (path === 'tile/0/003') throw new Error('no connection');
    return files.get(path) ?? 'missing';
  };
  await expect(run({ checkpoint: head, fetch })).rejects.toThrow('no connection');
  expect(signals.every((signal) => signal?.aborted)).toBe(true);
});

describe('a ct log', () => {
  const issuer = utf8Encode('a certificate');
  const leaf = (i: number, index = i): TileLeaf => ({
    timestampMs: 1n,
    entry: { kind: 'precert', issuerKeyHash: sha256(issuer), tbs: entry(i), precertificate: entry(i) },
    extensions: sctExtensions(BigInt(index)),
    chainFingerprints: [sha256(issuer)],
  });
  function ctFiles(leaves: readonly TileLeaf[]): { files: Files; head: TreeHead } {
    const { edge, tiles } = integrate(
      EMPTY_EDGE,
      leaves.map((each) => hashLeaf(merkleTreeLeaf(each))),
    );
    const files: Files = new Map(tiles.map(({ level, index, width, bytes }) => [tilePath(level, index, width), bytes]));
    for (let n = 0; n * 256 < leaves.length; n++) {
      const data = Buffer.concat(leaves.slice(n * 256, n * 256 + 256).map(encodeTileLeaf));
      files.set(entryBundlePath(BigInt(n), tileWidth(edge.size, 0, BigInt(n)), 'data'), new Uint8Array(data));
    }
    files.set(`issuer/${toHex(sha256(issuer))}`, issuer);
    return { files, head: { size: edge.size, root: edgeRoot(edge) } };
  }
  const check = ({ files, head }: { files: Files; head: TreeHead }): Promise<Outcome> =>
    run({ checkpoint: head, kind: 'data', fetch: reader(files) });
  const leaves = Array.from({ length: 300 }, (_, i) => leaf(i));

  test('is told from one of entry bundles by what it serves', async () => {
    expect(await detectLeafKind(300n, reader(ctFiles(leaves).files))).toBe('data');
    expect(await detectLeafKind(300n, reader(filesOf(300, entry).files))).toBe('entries');
    expect(await detectLeafKind(300n, reader(new Map()))).toBeUndefined();
  });

  test('is re-derived from its data tiles and issuers', async () => {
    expect((await check(ctFiles(leaves))).difference).toBeUndefined();
  });

  test('lacks an issuer', async () => {
    const log = ctFiles(leaves);
    const path = `issuer/${toHex(sha256(issuer))}`;
    log.files.delete(path);
    expect((await check(log)).difference).toMatchObject({ code: 'missing-file', file: path });
    log.files.set(path, utf8Encode('another'));
    expect((await check(log)).difference).toMatchObject({ code: 'issuer-differs', file: path });
  });

  test('promised another index in an SCT', async () => {
    expect((await check(ctFiles(leaves.with(257, leaf(257, 3))))).difference).toMatchObject({
      code: 'leaf-index-differs',
      file: 'tile/data/001.p/44',
      index: 257n,
      found: 'leaf_index 3',
    });
  });
});
