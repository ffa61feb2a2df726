import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toBase64, verify } from '#crypto';
import { concatBytes, utf8Decode } from '#libs/crypto';
import { hashLeaf, proveSubtreeConsistency } from '#libs/merkle';
import { KEY_TYPE, parseSignatureLines, verifierKey } from '#libs/note';
import type { RunningService } from '#libs/server';
import { generateSigner, type Signer } from '#libs/signer';
import {
  encodeAddEntriesHeader,
  encodeEntryPackage,
  originHash,
  parseCosignature,
  subtreeCosignatureMessage,
} from '#libs/tlog';
import { naiveRoot } from '../../../../test/naive-tree.js';
import { cosigner } from '../../../../test/note-signers.js';
import type { MirrorOptions } from './mirror-options.js';
import { EntryLog } from './testing/entry-log.js';
import { MIRROR_NAME, startMirror } from './testing/start-mirror.js';

const one = new EntryLog('log.example.com/one', 14);
/** Of [8, 13). */
const root = naiveRoot(one.entries.slice(8, 13).map(hashLeaf));
const convicted = new Set<string>();

let directory: string;
let mirror: RunningService;
let mlDsa44: Signer;
let mirrored: string;

async function start(signers: MirrorOptions['signers'], folder: string): Promise<RunningService> {
  return startMirror([one], {
    signers,
    directory: join(directory, folder),
    observer: {
      refuses: ({ checkpoint }) => (convicted.has(checkpoint.origin) ? 'it has two histories' : undefined),
      seen: () => undefined,
    },
  });
}

const post = (path: string, body: Uint8Array | string, to = mirror): Promise<Response> =>
  fetch(`${to.url}/mirror/${path}`, {
    method: 'POST',
    body: body as BodyInit,
    headers: { 'content-type': 'application/octet-stream' },
  });

/** Brings all of the log to a mirror; gives the checkpoint that is then served. */
async function fill(to: RunningService): Promise<string> {
  expect((await post('add-checkpoint', await one.addCheckpoint(0, 14), to)).status).toBe(200);
  const header = { origin: one.origin, start: 0n, end: 14n, ticket: new Uint8Array(0) };
  const packages = (await one.packages(0, 14)).map(encodeEntryPackage);
  expect((await post('add-entries', concatBytes(encodeAddEntriesHeader(header), ...packages), to)).status).toBe(200);
  return (await fetch(`${to.url}/mirror/${originHash(one.origin)}/checkpoint`)).text();
}

/** The request of the example in tlog-witness is about [8, 13) of size 14 as well. */
async function request(note: string = mirrored): Promise<string> {
  const proof = await proveSubtreeConsistency(8n, 13n, 14n, one.read(14));
  return `${['subtree 8 13', toBase64(root), ...proof.map(toBase64)].join('\n')}\n\n${note}`;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirror-'));
  mlDsa44 = generateSigner('witness', 'ml-dsa-44');
  mirror = await start({ ed25519: generateSigner('witness', 'ed25519'), mlDsa44 }, 'both');
  mirrored = await fill(mirror);
});
afterAll(async () => {
  await mirror.close();
  await rm(directory, { recursive: true });
});

describe('sign-subtree of a mirror', () => {
  test('signs part of a checkpoint that it has cosigned, with its ML-DSA-44 key and at no time', async () => {
    const answer = await post('sign-subtree', await request());
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    const [line, ...more] = parseSignatureLines(await answer.text());
    const key = verifierKey(MIRROR_NAME, KEY_TYPE.mlDsa44Cosignature, mlDsa44.publicKey.raw);
    expect([line?.name, line?.keyId, more]).toEqual([MIRROR_NAME, key.id, []]);
    const { timestamp, signature } = parseCosignature(line?.signature ?? new Uint8Array(0));
    const range = { start: 8n, end: 13n, root };
    const message = subtreeCosignatureMessage({ cosigner: MIRROR_NAME, timestamp: 0n, origin: one.origin, ...range });
    expect([timestamp, verify(mlDsa44.publicKey, 'ml-dsa-44', message, signature)]).toEqual([0n, true]);
  });

  test('refuses a checkpoint that only the log and a witness have signed', async () => {
    const note = utf8Decode(await one.note(14, [one.signer, cosigner('mirror.example.org', 5n)]));
    expect((await post('sign-subtree', await request(note))).status).toBe(403);
  });

  test('refuses a proof that does not hold, what is no subtree, and what is no request', async () => {
    const body = await request();
    const lines = body.split('\n');
    expect((await post('sign-subtree', [...lines.slice(0, 2), ...lines.slice(3)].join('\n'))).status).toBe(422);
    expect((await post('sign-subtree', body.replace('subtree 8 13', 'subtree 7 13'))).status).toBe(400);
    expect((await post('sign-subtree', 'x')).status).toBe(400);
  });

  test('refuses a log that is not mirrored, and one that stands convicted', async () => {
    const other = mirrored.replace(one.origin, 'log.example.com/two');
    expect((await post('sign-subtree', await request(other))).status).toBe(404);
    convicted.add(one.origin);
    expect((await post('sign-subtree', await request())).status).toBe(404);
    convicted.clear();
    expect((await post('sign-subtree', await request())).status).toBe(200);
  });

  test('is not there without an ML-DSA-44 key', async () => {
    const plain = await start({ ed25519: generateSigner('witness', 'ed25519') }, 'plain');
    try {
      const note = await fill(plain);
      expect((await post('sign-subtree', await request(note), plain)).status).toBe(404);
    } finally {
      await plain.close();
    }
  });
});
