import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { concatBytes, utf8Encode } from '#libs/crypto';
import { formatVerifierKey } from '#libs/note';
import { openKeyFile } from '#libs/signer';
import { formatAddCheckpointRequest, witnessCheckpointPath } from '#libs/tlog';
import { freePorts } from '../free-ports.js';
import { localServer, type LocalServer } from '../local-server.js';
import { SignedLog } from '../signed-log.js';
import { WitnessProcess } from './witness-kill/witness-process.js';

const ORIGIN = 'restored.example.org';
const DAY_MS = 86_400_000;
/** What the witness had cosigned when the copy was made, and what it had cosigned in the end. */
const [COPIED, NEWEST] = [10, 20];

let folder: string;
let port: number;
let log: SignedLog;
/** The log's own address; it publishes nothing as long as this is undefined, and isn't there while it is `down`. */
let server: LocalServer;
let published: Uint8Array | 'down' | undefined;
/** Whether a fork was shown in this test already. */
let wasFrozen = false;
let witness: WitnessProcess;

const file = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tally-witness-restore-'));
  port = await freePorts(1);
  log = new SignedLog(ORIGIN);
  published = undefined;
  server = await localServer((request, response) => {
    if (published === 'down') return void response.destroy();
    response.statusCode = request.url === '/checkpoint' && published ? 200 : 404;
    response.end(response.statusCode === 200 ? published : '');
  });
  await openKeyFile(file('key'), { role: 'witness', algorithm: 'ed25519', profile: 'development', create: true });
  const env = {
    TALLY_WITNESS_PROFILE: 'development',
    TALLY_WITNESS_PORT: String(port),
    TALLY_WITNESS_NAME: 'witness.example.org/w1',
    TALLY_WITNESS_KEY_FILE: file('key'),
    TALLY_WITNESS_DATA_DIRECTORY: file('data'),
    TALLY_WITNESS_CONFIG: file('config'),
  };
  witness = new WitnessProcess({ root: process.cwd(), port, env });
});
afterEach(async () => {
  wasFrozen = false;
  await witness.end('SIGKILL');
  await server.close();
  await rm(folder, { recursive: true });
});

async function start(): Promise<void> {
  witness.start();
  expect(await witness.listening()).toBe(true);
}

async function post(body: Uint8Array): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}/add-checkpoint`, { method: 'POST', body: new Uint8Array(body) });
  return { status: answer.status, text: await answer.text() };
}

async function cosign(oldSize: number, size: number): Promise<string> {
  const { status, text } = await post(await log.request(oldSize, size));
  expect({ status, text }).toMatchObject({ status: 200, text: expect.stringMatching(/^— witness\.example\.org\/w1 /) });
  return text;
}

/** The witness has cosigned size 20, and comes back with the data of a copy that was made at size 10. */
async function restoredWitness({ address }: { readonly address: boolean }): Promise<Uint8Array> {
  const line = `log ${formatVerifierKey(log.signer.key)}${address ? ` ${server.url}` : ''}\n`;
  await writeFile(file('config'), line);
  await start();
  await cosign(0, COPIED);
  await witness.end('SIGTERM');
  await cp(file('data'), file('copy'), { recursive: true });
  await start();
  const lines = await cosign(COPIED, NEWEST);
  await witness.end('SIGKILL');
  await rm(file('data'), { recursive: true });
  await cp(file('copy'), file('data'), { recursive: true });
  return concatBytes(await log.note(log.head(NEWEST)), utf8Encode(lines));
}

/** Everything that could be asked of a witness which believes that it is at size 10: nothing of it is cosigned. */
async function expectNothingIsCosigned(): Promise<void> {
  const fork = log.forkAt(COPIED + 2);
  const honest = {
    behind: await log.request(COPIED, COPIED + 1),
    'the same again': await log.request(COPIED, COPIED),
    'its own history, from where the copy ends': await log.request(COPIED, NEWEST + 5),
    'its own history, from where it was': await log.request(NEWEST, NEWEST + 5),
    'from nothing': await log.request(0, NEWEST),
  };
  const forked = {
    beside: await fork.request(COPIED, NEWEST),
    'beside, and further': await fork.request(COPIED, NEWEST + 5),
  };
  await expectRefusals(honest, wasFrozen ? [404] : [503]);
  // The first of these is shown beside its own history, which convicts the log.
  await expectRefusals(forked, [503, 404]);
  wasFrozen = true;
}

async function expectRefusals(requests: Record<string, Uint8Array>, statuses: readonly number[]): Promise<void> {
  for (const [what, request] of Object.entries(requests)) {
    const { status, text } = await post(request);
    expect({ what, status, text }).toMatchObject({ what, text: expect.not.stringContaining('—') });
    expect({ what, allowed: statuses.includes(status), status }).toMatchObject({ what, allowed: true });
  }
}

describe('a witness that was restored from an old copy of its data cosigns nothing', () => {
  test('of a log whose published checkpoint has its cosignature, also after another start', async () => {
    published = await restoredWitness({ address: true });
    await start();
    await expectNothingIsCosigned();
    // What was found stays, whatever the log shows from now on.
    await witness.end('SIGTERM');
    published = await log.note(log.head(COPIED + 1));
    await start();
    await expectNothingIsCosigned();
  });

  test('of a log that does not answer, when the copy is a day old; and says why when it does', async () => {
    const checkpoint = await restoredWitness({ address: true });
    await writeFile(join(file('data'), 'last-run'), `${new Date(Date.now() - DAY_MS).toISOString()}\n`);
    published = 'down';
    await start();
    const { status, text } = await post(await log.request(COPIED, COPIED + 1));
    expect({ status, text }).toMatchObject({ status: 503, text: expect.stringContaining('may have forgotten') });
    await witness.end('SIGTERM');
    published = checkpoint;
    await start();
    await expectNothingIsCosigned();
  });

  test('of a log without an address, once a note with its cosignature was brought to it', async () => {
    const checkpoint = await restoredWitness({ address: false });
    await start();
    const proof = await log.prove(COPIED, NEWEST);
    const brought = formatAddCheckpointRequest({ oldSize: BigInt(COPIED), proof, checkpoint });
    expect(await post(brought)).toMatchObject({ status: 503 });
    await expectNothingIsCosigned();
  });
});

test('a witness with the newest of its data goes on, though the log shows its cosignature', async () => {
  published = await restoredWitness({ address: true });
  await rm(file('data'), { recursive: true });
  await rm(file('copy'), { recursive: true });
  published = undefined;
  await start();
  const lines = await cosign(0, NEWEST);
  await witness.end('SIGKILL');
  published = concatBytes(await log.note(log.head(NEWEST)), utf8Encode(lines));
  await start();
  await cosign(NEWEST, NEWEST + 5);
  const shown = await fetch(`http://127.0.0.1:${port}/${witnessCheckpointPath(ORIGIN)}`);
  expect((await shown.text()).split('\n')[1]).toBe(String(NEWEST + 5));
});
