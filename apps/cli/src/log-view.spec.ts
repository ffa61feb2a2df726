import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, toBase64 } from '#crypto';
import { ed25519Spki, utf8Encode } from '#libs/crypto';
import { hashLeaf, verifyInclusion } from '#libs/merkle';
import { parseVerifierKey } from '#libs/note';
import { logVerifier, openCheckpoint, parseTlogProof } from '#libs/tlog';
import { localServer, type LocalServer } from '../../../test/local-server.js';
import { vectors } from '../../../test/vectors.js';
import { invoke, type Invocation } from './testing/invoke.js';

// The log of transparency-dev/tessera testdata/log: 15 entries.
const folder = vectors('tlog-tiles/testdata/log');
const KEY = parseVerifierKey('example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx');

function trustedRoot(publicKey: Uint8Array): object {
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [
      {
        baseUrl: 'https://example.com/log/testdata',
        hashAlgorithm: 'SHA2_256',
        publicKey: {
          rawBytes: toBase64(ed25519Spki(publicKey)),
          keyDetails: 'PKIX_ED25519',
          validFor: { start: '2024-01-01T00:00:00Z' },
        },
        logId: { keyId: toBase64(KEY.id) },
      },
    ],
  };
}

(folder ? describe : describe.skip)('a log', () => {
  let server: LocalServer;
  let cwd: string;
  /** Path → what is answered instead of the file. */
  const replaced = new Map<string, Buffer>();
  const log = (...argv: string[]): Promise<Invocation> =>
    invoke(['log', ...argv, '--log', server.url, '--trust-config', 'root.json'], { cwd });

  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'tally-'));
    writeFileSync(join(cwd, 'root.json'), JSON.stringify(trustedRoot(KEY.publicKey)));
    writeFileSync(join(cwd, 'stranger.json'), JSON.stringify(trustedRoot(new Uint8Array(32).fill(9))));
    server = await localServer((request, response) => {
      const path = request.url!.slice(1);
      const file = join(folder!, path);
      if (replaced.has(path)) response.end(replaced.get(path));
      else if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    });
  });
  afterAll(async () => {
    await server.close();
    rmSync(cwd, { recursive: true });
  });

  test('shows its checkpoint', async () => {
    const { exit, stdout, stderr } = await log('info');
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toContain('✓ example.com/log/testdata: the checkpoint verifies\n');
    expect(stdout).toMatch(/size +15\n/);
  });

  test('shows an entry, whatever it is', async () => {
    const { exit, stdout } = await log('entry', '3', '--json');
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'tally/log-entry/v1',
      log: { origin: 'example.com/log/testdata', treeSize: 15 },
      index: 3,
      problem: expect.any(String),
    });
  });

  test('proves each entry, in a proof that needs nothing else', async () => {
    const { checkpoint } = openCheckpoint(readFileSync(join(folder!, 'checkpoint')), [logVerifier(KEY)]);
    for (let index = 0; index < 15; index++) {
      const { exit, stdout } = await log('prove', String(index));
      const { leafHash } = JSON.parse((await log('entry', String(index), '--json')).stdout) as { leafHash: string };
      const proof = parseTlogProof(utf8Encode(stdout));
      expect([exit, proof.index]).toEqual([0, BigInt(index)]);
      verifyInclusion({ ...checkpoint, index: proof.index, leafHash: fromHex(leafHash), proof: proof.hashes });
    }
  });

  test('proves that its sizes are prefixes of each other', async () => {
    for (const [oldSize, newSize] of [
      [0, 15],
      [1, 2],
      [7, 13],
      [8, 8],
      [15, 15],
    ]) {
      const { exit, stdout } = await log('consistency', String(oldSize), String(newSize));
      expect([exit, stdout]).toEqual([0, expect.stringContaining(`size ${oldSize} is a prefix of size ${newSize}`)]);
    }
  });

  test.each([
    ['entry', '15'],
    ['prove', '15'],
    ['consistency', '3', '16'],
  ])('%s %s is beyond it: exit 3', async (...argv) => {
    expect(await log(...argv)).toMatchObject({ exit: 3, stdout: '' });
  });

  test('that nobody here trusts is exit 4', async () => {
    const { exit, stderr } = await invoke(['log', 'info', server.url, '--trust-config', 'stranger.json'], { cwd });
    expect(exit).toBe(4);
    expect(stderr).toContain('is signed by no log of stranger.json');
  });

  test('is named by its URL', async () => {
    const { exit, stderr } = await invoke(['log', 'info', 'nonsense', '--trust-config', 'root.json'], { cwd });
    expect([exit, stderr]).toMatchObject([2, expect.stringContaining('nonsense is not the URL of a log')]);
  });

  describe('that lies', () => {
    const lie = async (path: string, change: (bytes: Buffer) => void, ...argv: string[]): Promise<Invocation> => {
      const bytes = readFileSync(join(folder!, path));
      change(bytes);
      replaced.set(path, bytes);
      try {
        return await log(...argv);
      } finally {
        replaced.delete(path);
      }
    };
    const flip = (at: number) => (bytes: Buffer) => void (bytes[at]! ^= 1);

    test('about an entry is found out before anything is printed', async () => {
      const { exit, stdout, stderr } = await lie('tile/entries/000.p/15', flip(2), 'entry', '0');
      expect([exit, stdout]).toEqual([1, '']);
      expect(stderr).toContain('do not lead to its signed checkpoint');
    });

    test('about a hash is found out before anything is printed', async () => {
      expect(await lie('tile/0/000.p/15', flip(0), 'prove', '9')).toMatchObject({ exit: 1, stdout: '' });
      expect(await lie('tile/0/000.p/15', flip(0), 'consistency', '3', '9')).toMatchObject({ exit: 1, stdout: '' });
    });

    test('about its checkpoint is found out', async () => {
      const { exit, stderr } = await lie('checkpoint', flip(25), 'info');
      expect(exit).toBe(1);
      expect(stderr).toContain('does not verify');
    });
  });

  test('of which the last byte is missing is an unexpected answer: exit 5', async () => {
    replaced.set('tile/0/000.p/15', readFileSync(join(folder!, 'tile/0/000.p/15')).subarray(0, -1));
    expect((await log('prove', '0')).exit).toBe(5);
    replaced.clear();
  });

  test('leaf hashes are those of RFC 6962', async () => {
    const entry = JSON.parse((await log('entry', '0', '--json')).stdout) as { leafHash: string; body: string };
    expect(fromHex(entry.leafHash)).toEqual(hashLeaf(fromHex(entry.body)));
  });
});
