import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { concatBytes } from '#libs/crypto';
import type { RunningService } from '#libs/server';
import { generateSigner } from '#libs/signer';
import { encodeAddEntriesHeader, encodeEntryPackage } from '#libs/tlog';
import { DISK_RESERVE_BYTES } from './disk-room.js';
import { EntryLog } from './testing/entry-log.js';
import { startMirror } from './testing/start-mirror.js';
import { UPLOAD_LIMITS } from './upload-slots.js';

const logs = ['slow', 'kept', 'one', 'full'].map((name) => new EntryLog(`log.example.com/${name}`, 600));
const [slow, kept, one, full] = logs as [EntryLog, EntryLog, EntryLog, EntryLog];

let directory: string;
let mirror: RunningService;
let freeBytes = 2 * DISK_RESERVE_BYTES;
const sockets: Socket[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirror-'));
  const signers = { ed25519: generateSigner('witness', 'ed25519') };
  mirror = await startMirror(logs, { signers, directory, freeBytes: async () => freeBytes });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await mirror.close();
  await rm(directory, { recursive: true });
});

async function addCheckpoint(of: EntryLog, oldSize: number, size: number): Promise<number> {
  const body = (await of.addCheckpoint(oldSize, size)) as BodyInit;
  return (await fetch(`${mirror.url}/mirror/add-checkpoint`, { method: 'POST', body })).status;
}

async function bodyOf(of: EntryLog, start: number, end: number): Promise<Uint8Array> {
  const header = { origin: of.origin, start: BigInt(start), end: BigInt(end), ticket: new Uint8Array(0) };
  return concatBytes(encodeAddEntriesHeader(header), ...(await of.packages(start, end)).map(encodeEntryPackage));
}

async function upload(of: EntryLog, start: number, end: number): Promise<Response> {
  const body = (await bodyOf(of, start, end)) as BodyInit;
  const headers = { 'content-type': 'application/octet-stream' };
  return fetch(`${mirror.url}/mirror/add-entries`, { method: 'POST', body, headers });
}

/** A client that sends what `part` of a body it is told to, and then nothing. */
async function slowUpload(part: Uint8Array, forwardedFor?: string): Promise<{ answer: () => string }> {
  const socket = connect(mirror.port, '127.0.0.1');
  sockets.push(socket);
  let answer = '';
  socket.setEncoding('latin1').on('data', (data: string) => (answer += data));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const from = forwardedFor === undefined ? [] : [`x-forwarded-for: ${forwardedFor}`];
  const head = ['POST /mirror/add-entries HTTP/1.1', 'host: x', 'content-length: 1000000', ...from, '', ''];
  socket.write(concatBytes(Buffer.from(head.join('\r\n')), part));
  return { answer: () => answer };
}

/** What comes in the end, of clients that come again when they are told that there is no place. */
async function untilTaken(request: () => Promise<Response>): Promise<Response> {
  for (;;) {
    const response = await request();
    if (response.status !== 503) return response;
    await delay(100);
  }
}

describe('clients that send next to nothing', () => {
  test('do not keep others out, and what of theirs is whole is kept', async () => {
    for (const of of logs) expect(await addCheckpoint(of, 0, 600)).toBe(200);
    const [first] = await kept.packages(0, 600);
    if (first === undefined) throw new Error('there are three');
    const header = { origin: kept.origin, start: 0n, end: 600n, ticket: new Uint8Array(0) };
    const withPackage = concatBytes(encodeAddEntriesHeader(header), encodeEntryPackage(first));
    const half = (await bodyOf(slow, 0, 600)).subarray(0, 1000);
    const keeping = await slowUpload(withPackage);
    const others = [];
    for (let count = 1; count < UPLOAD_LIMITS.ofLog; count++) others.push(await slowUpload(half));
    while (others.length + 1 < UPLOAD_LIMITS.uploads) others.push(await slowUpload(new Uint8Array(1)));
    expect((await untilTaken(() => upload(one, 0, 600))).status).toBe(200);
    // As many places as it takes, until all have given way.
    for (let tries = 0; !keeping.answer().includes('mirror-info'); tries++) {
      if (tries > 1_000) throw new Error('it never gave way');
      others.push(await slowUpload(new Uint8Array(1)));
      await delay(20);
    }
    expect(keeping.answer()).toMatch(/^HTTP\/1\.1 202 [^]*\r\n600\n256\n/);
    expect((await untilTaken(() => upload(kept, 256, 600))).status).toBe(200);
    for (const { answer } of others) expect(answer()).toMatch(/^(?:$|HTTP\/1\.1 (?:408|503) )/);
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  test('have no more places than one client may have', async () => {
    const from = '203.0.113.5';
    const answers = [];
    for (let count = 0; count <= UPLOAD_LIMITS.ofClient; count++) {
      answers.push((await slowUpload(new Uint8Array(1), `192.0.2.${count}, ${from}`)).answer);
    }
    // Of five one has been refused, or has given way to the next; others notice nothing.
    while (answers.filter((answer) => /^HTTP\/1\.1 (?:503|408) /.test(answer())).length !== 1) await delay(10);
    expect((await upload(one, 600, 600)).status).toBe(200);
    for (const socket of sockets.splice(0)) socket.destroy();
  });
});

describe('a disk that is nearly full', () => {
  const ready = async (): Promise<[number, string]> => {
    const response = await fetch(`${mirror.url}/health/ready`);
    return [response.status, await response.text()];
  };
  const metric = async (): Promise<string | undefined> =>
    /^mirror_disk_free_bytes (\S+)$/m.exec(await (await fetch(`${mirror.url}/metrics`)).text())?.[1];

  test('takes no entries, and goes on with all that needs no room', async () => {
    freeBytes = DISK_RESERVE_BYTES - 1;
    expect((await upload(full, 0, 600)).status).toBe(503);
    expect(await ready()).toEqual([503, expect.stringContaining(`${freeBytes} bytes left`)]);
    expect(await metric()).toBe(String(freeBytes));
    expect((await upload(one, 600, 600)).status).toBe(200); // all of it is held
    freeBytes = DISK_RESERVE_BYTES;
    expect((await ready())[0]).toBe(200);
    expect((await upload(full, 0, 600)).status).toBe(200);
  });
});
