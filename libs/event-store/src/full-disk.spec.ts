import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { eventId } from './event-id.js';
import type { NewEvent } from './event-store.js';
import { SqliteEventStore } from './sqlite-event-store.js';

/** A file system of 2 MiB; undefined where this process may not mount one. */
function smallDisk(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'tally-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory], { stdio: 'ignore' });
    return directory;
  } catch {
    process.stderr.write('no right to mount a small file system: the test of a full disk is skipped\n');
    rmSync(directory, { recursive: true });
    return undefined;
  }
}

function event(i: number): NewEvent {
  return { id: eventId('full-disk', String(i)), type: 'Filled/v1', data: new Uint8Array(50_000).fill(i) };
}

const disk = smallDisk();

describe('on a disk that is full', () => {
  afterAll(async () => {
    if (disk === undefined) return;
    execFileSync('umount', [disk]);
    await rm(disk, { recursive: true });
  });

  (disk === undefined ? test.skip : test)(
    'appends write nothing, what is there stays, and the store goes on when there is room',
    async () => {
      const directory = disk ?? '';
      const ballast = join(directory, 'ballast');
      await writeFile(ballast, Buffer.alloc(1_000_000));
      const store = await SqliteEventStore.open({ path: join(directory, 'events.sqlite') });
      let written = 0n;
      const append = async (): Promise<void> => {
        await store.append('s', written === 0n ? 'no_stream' : written - 1n, [event(Number(written))]);
        written++;
      };
      const fill = async (): Promise<void> => {
        while (written < 100n) await append();
      };
      await expect(fill()).rejects.toThrow(expect.objectContaining({ code: 'no-space' }));
      expect(written).toBeGreaterThan(2n);
      expect(await store.head('s')).toBe(written - 1n);
      await expect(append()).rejects.toThrow(expect.objectContaining({ code: 'no-space' }));
      const before = written;
      await rm(ballast);
      await append();
      expect(await store.head('s')).toBe(before);
      let read = 0;
      for await (const { revision, data } of store.readStream('s')) {
        expect({ revision, first: data[0] }).toEqual({ revision: BigInt(read), first: read });
        read++;
      }
      expect(BigInt(read)).toBe(written);
      await store.close();
    },
  );
});
