import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { utf8Encode } from '#libs/crypto';
import { formatSignatureLine, formatVerifierKey, KEY_TYPE, parseNote, verifierKey } from '#libs/note';
import { createLogger, startService, type RunningService } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import { evaluatePolicy, parseAddCheckpointRequest, parsePolicy } from '#libs/tlog';
import { parseTlogEntry } from '#libs/verify';
import { logService } from '../../apps/log/src/log.module.js';
import { RunningWitness } from '../../apps/witness/src/testing/running-witness.js';
import { localServer, type LocalServer } from '../local-server.js';
import { cosigner, mlDsa44Signer } from '../note-signers.js';

/*
 * Our log, with a quorum of one witness of ours, and beside it one that answers as others do, or did, and as the worst of
 * them might: the log goes on, does not wait, and takes that witness along as soon as it cosigns.
 */

const ORIGIN = 'dialogue-test.tally.localhost';
const OTHER = 'other.witness.example';
const quiet = createLogger('dialogues', { write: () => undefined });
const other = cosigner(OTHER, () => BigInt(Math.floor(Date.now() / 1000)));
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

type Behaviour = (response: ServerResponse, body: Uint8Array) => void | Promise<void>;

let folder: string;
let ours: RunningWitness;
let theirs: LocalServer;
let log: RunningService;
let policy: string;
let behave: Behaviour;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tally-dialogues-'));
  const keyFile = join(folder, 'log-key');
  const options = { role: 'rekor-log', algorithm: 'ed25519', profile: 'development', create: true } as const;
  const { raw } = (await openKeyFile(keyFile, options)).publicKey;
  const logKey = verifierKey(ORIGIN, KEY_TYPE.ed25519, raw);
  ours = await RunningWitness.start({ logs: [logKey] });
  theirs = await localServer((_request, response, body) => {
    Promise.resolve(behave(response, new Uint8Array(body))).catch(() => response.destroy());
  });
  behave = cosigns;
  const [ourKey] = await ours.keys();
  policy = [
    `log ${formatVerifierKey(logKey)}`,
    `witness ours ${formatVerifierKey(ourKey!)} ${ours.url}`,
    `witness theirs ${formatVerifierKey(other.key)} ${theirs.url}`,
    'quorum ours',
    '',
  ].join('\n');
  await writeFile(join(folder, 'policy'), policy);
  log = await startService(
    logService({
      profile: 'development',
      host: '127.0.0.1',
      port: 0,
      kind: 'rekor',
      origin: ORIGIN,
      inception: new Date(),
      dataDirectory: join(folder, 'data'),
      keyFile,
      markFile: join(folder, 'mark'),
      policyFile: join(folder, 'policy'),
      poolLimit: 100,
      checkpointIntervalMs: 0,
    }),
    quiet,
  );
});
afterAll(async () => {
  await log.close();
  await Promise.all([ours.stop(), theirs.close()]);
  await rm(folder, { recursive: true });
});

async function lineOn(body: Uint8Array, signer = other): Promise<string> {
  const { text } = parseNote(parseAddCheckpointRequest(body).checkpoint);
  return formatSignatureLine({ name: signer.key.name, keyId: signer.key.id, signature: await signer.sign(text) });
}

const cosigns: Behaviour = async (response, body) => void response.end(await lineOn(body));
const says =
  (status: number, body: string = '', headers: Record<string, string> = {}): Behaviour =>
  (response) =>
    void response.writeHead(status, headers).end(body);

let entries = 0;
/** Who of the policy has cosigned the checkpoint that an entry is answered with. */
async function addEntry(): Promise<string[]> {
  const artifact = `artifact ${++entries}`;
  const rawBytes = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const verifier = { publicKey: { rawBytes }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' };
  const content = sign('sha256', Buffer.from(artifact), privateKey).toString('base64');
  const digest = createHash('sha256').update(artifact).digest('base64');
  const body = JSON.stringify({ hashedRekordRequestV002: { digest, signature: { content, verifier } } });
  const post = (): Promise<Response> => fetch(`${log.url}/api/v2/log/entries`, { method: 'POST', body });
  let answer = await post();
  // A machine that stands still for three seconds has no quorum: the log says so, and that one should come back.
  for (; answer.status === 503; answer = await post()) await delay(100);
  expect(answer.status).toBe(201);
  const { inclusionProof } = parseTlogEntry(await answer.json());
  const verdict = evaluatePolicy(parsePolicy(policy), utf8Encode(inclusionProof!.checkpoint));
  expect(verdict.quorum).toBe(true);
  return verdict.witnesses.map(({ name }) => name);
}

/** A healthy witness is waited for, for 10 ms beyond the quorum, so it may take more than one entry until it is named. */
async function addEntriesUntilNamed(): Promise<string[]> {
  for (;;) {
    const names = await addEntry();
    if (names.includes('theirs')) return names;
  }
}

const grease = cosigner('grease.example', 1n);
const stranger = cosigner(OTHER, 1n);

describe('a log does not need, and does not lose, a witness that', () => {
  test.each<[string, Behaviour]>([
    ['says 409 without a body (omniwitness, until July 2026)', says(409)],
    ['says 409 with a sentence', says(409, 'conflict\n', { 'content-type': 'text/plain' })],
    ['says 409 with a size that is above ours', says(409, '9000000\n', { 'content-type': 'text/x.tlog.size' })],
    ['says 409 with the same size for ever', says(409, '0\n', { 'content-type': 'text/x.tlog.size' })],
    ['says 403, the log is unknown (litewitness)', says(403, 'unknown log\n')],
    ['says 404, the log is unknown', says(404)],
    ['says 400, though nothing is wrong', says(400)],
    ['says 422, it has seen another root', says(422)],
    ['says 429 (omniwitness: one budget for all logs)', says(429)],
    ['says 429 with a pause of a day', says(429, '', { 'retry-after': '86400' })],
    ['says 500 (omniwitness: a bad signature, until September 2026)', says(500)],
    ['says 503 with a page', says(503, '<html>', { 'content-type': 'text/html' })],
    ['says 307, elsewhere', says(307, '', { location: 'http://127.0.0.1:9/add-checkpoint' })],
    ['says 200 and nothing', says(200)],
    ['says 200 with a page', says(200, '<!doctype html>\n<p>It works!\n', { 'content-type': 'text/html' })],
    ['has another key by now', async (response, body) => void response.end(await lineOn(body, stranger))],
    ['cosigns another checkpoint', (response) => void response.end(formatSignatureLine(elsewhere))],
    ['answers with far too much', says(200, 'x'.repeat(1_000_000))],
    ['hangs up', (response) => void response.destroy()],
    ['hangs up in the middle', (response) => void response.write('— oth', () => response.destroy())],
  ])('%s', async (_, behaviour) => {
    behave = behaviour;
    expect(await addEntry()).toEqual(['ours']);
    expect(await addEntry()).toEqual(['ours']);
    behave = cosigns;
    expect(await addEntriesUntilNamed()).toEqual(expect.arrayContaining(['ours', 'theirs']));
  });
});

const elsewhere = { name: other.key.name, keyId: other.key.id, signature: new Uint8Array(72).fill(1) };

test('a line of a key of ours is found among others, in any order', async () => {
  const pq = mlDsa44Signer(OTHER, 5n);
  behave = async (response, body) => {
    const lines = await Promise.all([pq, grease, other, stranger].map((signer) => lineOn(body, signer)));
    response.end(lines.join(''));
  };
  expect(await addEntriesUntilNamed()).toEqual(expect.arrayContaining(['ours', 'theirs']));
});

test('a witness that does not answer at all is waited for once, and not by those who have their quorum', async () => {
  const open: ServerResponse[] = [];
  behave = (response) => void open.push(response);
  await addEntry();
  const began = performance.now();
  // It would be waited for for three seconds each time.
  for (let i = 0; i < 20; i++) expect(await addEntry()).toEqual(['ours']);
  expect(performance.now() - began).toBeLessThan(30_000);
  for (const response of open) response.destroy();
});
