import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { concatBytes, utf8Decode, utf8Encode } from '#libs/crypto';
import { formatEvidence, verifyEvidence } from '#libs/evidence';
import { EMPTY_ROOT } from '#libs/merkle';
import {
  KEY_TYPE,
  formatNote,
  openNote,
  parseNote,
  parseSignatureLines,
  verifierKey,
  type NoteSigner,
  type VerifierKey,
} from '#libs/note';
import { createLogger, startService, type RunningService } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import { cosignatureVerifier, formatAddCheckpointRequest, parseCosignature, witnessCheckpointPath } from '#libs/tlog';
import { forkEvidence } from '../../../test/contradictions.js';
import { cosigner, ed25519Signer } from '../../../test/note-signers.js';
import { SignedLog } from '../../../test/signed-log.js';
import type { EvidenceList } from '#libs/gossip';
import { witnessService } from './witness.module.js';

const NAME = 'witness.example.org/w1';
const PLAIN = 'text/plain; charset=utf-8';

let folder: string;
let witness: RunningService;
let key: VerifierKey;
const lines: string[] = [];
const logger = createLogger('witness', { write: (line: string) => void lines.push(line) });

// Every test has a log of its own, and the witness knows them all.
const NAMES = [
  'clock',
  'conflict',
  'extended',
  'first',
  'fork',
  'grown',
  'halves',
  'handed-in',
  'monitor',
  'race',
  'refresh',
  'repeat',
  'restart',
  'rollback',
  'rotated',
  'status',
] as const;
const logs = new Map(NAMES.map((name) => [name, new SignedLog(`log.example.com/${name}`)]));
const log = (name: (typeof NAMES)[number]): SignedLog => logs.get(name)!;
const secondKey = ed25519Signer(log('rotated').origin);
const known: readonly VerifierKey[] = [secondKey.key, ...[...logs.values()].map(({ signer }) => signer.key)];

async function start(): Promise<RunningService> {
  const config = {
    profile: 'development',
    host: '127.0.0.1',
    port: 0,
    name: NAME,
    keyFile: join(folder, 'witness.key'),
    dataDirectory: folder,
    logs: known,
  } as const;
  return startService(witnessService(config), logger);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'witness-'));
  const options = { role: 'witness', algorithm: 'ed25519', profile: 'development', create: true } as const;
  const signer = await openKeyFile(join(folder, 'witness.key'), options);
  key = verifierKey(NAME, KEY_TYPE.cosignature, signer.publicKey.raw);
  witness = await start();
});
afterAll(() => witness.close());
afterEach(() => void jest.restoreAllMocks());

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

async function addCheckpoint(body: Uint8Array, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body: Buffer.from(body), headers });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

const fetchCheckpoint = (origin: string): Promise<Response> => fetch(`${witness.url}/${witnessCheckpointPath(origin)}`);

const conflict = (size: number): Answer => ({ status: 409, type: 'text/x.tlog.size', body: `${size}\n` });
const refused = (status: number): unknown => ({ status, type: PLAIN, body: expect.any(String) });
const cosigned = { status: 200, type: PLAIN, body: expect.stringMatching(/^— witness\.example\.org\/w1 \S+\n$/) };

/** The time of the cosignature in an answer, if it verifies on the checkpoint that was sent. */
function cosignedAt(answer: Answer, checkpoint: Uint8Array): bigint {
  const signatures = parseSignatureLines(answer.body);
  const { verified } = openNote({ text: parseNote(checkpoint).text, signatures }, [cosignatureVerifier(key)]);
  return parseCosignature(verified[0]!.signature).timestamp;
}

describe('add-checkpoint: 200', () => {
  test('the answer is the cosignature line, of now, over what was sent', async () => {
    const before = BigInt(Math.floor(Date.now() / 1000));
    const answer = await addCheckpoint(await log('first').request(0, 5));
    expect(answer).toEqual(cosigned);
    const timestamp = cosignedAt(answer, await log('first').note(log('first').head(5)));
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(before + 60n);
  });

  test('the next one follows with its consistency proof, whatever the content type', async () => {
    expect(await addCheckpoint(await log('first').request(5, 9), { 'content-type': 'application/json' })).toEqual(
      cosigned,
    );
    expect(await addCheckpoint(await log('first').request(9, 20), { 'content-type': 'x/y' })).toEqual(cosigned);
  });

  test('the same size again with an empty proof gives a fresh time', async () => {
    const note = await log('refresh').note(log('refresh').head(5));
    const now = Date.now();
    const first = await addCheckpoint(await log('refresh').request(0, 5));
    jest.spyOn(Date, 'now').mockReturnValue(now + 100_000);
    const second = await addCheckpoint(await log('refresh').request(5, 5));
    expect([first, second]).toEqual([cosigned, cosigned]);
    expect(cosignedAt(second, note)).toBeGreaterThan(cosignedAt(first, note));
  });

  test('within one second, the same again is the same bytes', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    const first = await addCheckpoint(await log('repeat').request(0, 5));
    expect(await addCheckpoint(await log('repeat').request(5, 5))).toEqual(first);
  });

  test('a clock that is set back does not make the time of a cosignature go back', async () => {
    const now = Date.now();
    const first = await addCheckpoint(await log('clock').request(0, 5));
    jest.spyOn(Date, 'now').mockReturnValue(now - 3_600_000);
    const second = await addCheckpoint(await log('clock').request(5, 7));
    const time = cosignedAt(first, await log('clock').note(log('clock').head(5)));
    expect(cosignedAt(second, await log('clock').note(log('clock').head(7)))).toBe(time);
  });

  test('a log may change its key, and sign with both meanwhile', async () => {
    const { signer } = log('rotated');
    const send = async (oldSize: number, size: number, signers: NoteSigner[]): Promise<Answer> => {
      const proof = await log('rotated').prove(oldSize, size);
      const checkpoint = await log('rotated').note(log('rotated').head(size), signers);
      return addCheckpoint(formatAddCheckpointRequest({ oldSize: BigInt(oldSize), proof, checkpoint }));
    };
    expect(await send(0, 3, [signer])).toEqual(cosigned);
    expect(await send(3, 5, [signer, secondKey])).toEqual(cosigned);
    expect(await send(5, 9, [secondKey])).toEqual(cosigned);
    const broken = { key: signer.key, sign: async () => new Uint8Array(64) };
    expect(await send(9, 12, [secondKey, broken])).toEqual(refused(403));
  });

  test('extension lines are covered', async () => {
    const head = { ...log('extended').head(5), extensions: ['an extension'] };
    const checkpoint = await log('extended').note(head);
    const answer = await addCheckpoint(formatAddCheckpointRequest({ oldSize: 0n, proof: [], checkpoint }));
    expect(cosignedAt(answer, checkpoint)).toBeGreaterThan(0n);
  });
});

describe('add-checkpoint: 409', () => {
  test('has the size that was cosigned last, whether the old size is below, above or 0', async () => {
    expect(await addCheckpoint(await log('conflict').request(3, 5))).toEqual(conflict(0));
    expect(await addCheckpoint(await log('conflict').request(0, 5))).toEqual(cosigned);
    expect(await addCheckpoint(await log('conflict').request(0, 9))).toEqual(conflict(5));
    expect(await addCheckpoint(await log('conflict').request(4, 9))).toEqual(conflict(5));
    expect(await addCheckpoint(await log('conflict').request(7, 9))).toEqual(conflict(5));
  });

  test('is the answer to a retry whose first answer was lost; asking again from there succeeds', async () => {
    expect(await addCheckpoint(await log('conflict').request(5, 9))).toEqual(cosigned);
    expect(await addCheckpoint(await log('conflict').request(5, 9))).toEqual(conflict(9));
    expect(await addCheckpoint(await log('conflict').request(9, 9))).toEqual(cosigned);
  });

  test('is the answer to an honest rollback', async () => {
    expect(await addCheckpoint(await log('rollback').request(0, 9))).toEqual(cosigned);
    expect(await addCheckpoint(await log('rollback').request(5, 7))).toEqual(conflict(9));
    expect(await addCheckpoint(await log('rollback').request(0, 5))).toEqual(conflict(9));
  });

  test('is the answer to all but one of those who come at the same moment', async () => {
    const race = log('race');
    for (let round = 0; round < 10; round++) {
      const sizes = Array.from({ length: 8 }, (_, i) => round * 6 + 1 + (i % 6));
      const old = round * 6;
      const bodies = await Promise.all(sizes.map((size) => race.request(old, size)));
      const answers = await Promise.all(bodies.map((body) => addCheckpoint(body)));
      const winner = answers.findIndex(({ status }) => status === 200);
      const size = sizes[winner]!;
      expect(answers.toSpliced(winner, 1)).toEqual(Array.from({ length: 7 }, () => conflict(size)));
      if (size < old + 6) expect(await addCheckpoint(await race.request(size, old + 6))).toEqual(cosigned);
    }
  });
});

describe('add-checkpoint: refused', () => {
  const body = (oldSize: bigint, checkpoint: Uint8Array, proof: Uint8Array[] = []): Uint8Array =>
    formatAddCheckpointRequest({ oldSize, proof, checkpoint });

  test('404, an origin that is not known', async () => {
    const stranger = new SignedLog('log.example.com/stranger');
    expect(await addCheckpoint(await stranger.request(0, 5))).toEqual(refused(404));
  });

  test('404 also where a known key signed for an unknown origin', async () => {
    const head = { ...log('status').head(5), origin: 'log.example.com/stranger' };
    expect(await addCheckpoint(body(0n, await log('status').note(head)))).toEqual(refused(404));
  });

  test.each([
    ['the key of another log', async () => [log('first').signer]],
    ['an unknown key of the same name', async () => [ed25519Signer(log('status').origin)]],
    ['witnesses only', async () => [cosigner('witness.example.org/w2', 1n)]],
    [
      'a signature that does not verify',
      async () => [{ key: log('status').signer.key, sign: async () => new Uint8Array(64) }],
    ],
  ])('403, signed by %s', async (_, signers) => {
    const checkpoint = await log('status').note(log('status').head(5), await signers());
    expect(await addCheckpoint(body(0n, checkpoint))).toEqual(refused(403));
  });

  test('403, with a letter of the text changed', async () => {
    const note = utf8Decode(await log('status').note(log('status').head(5)));
    expect(await addCheckpoint(body(0n, utf8Encode(note.replace('\n5\n', '\n6\n'))))).toEqual(refused(403));
  });

  test('400, an old size above the size', async () => {
    expect(await addCheckpoint(await log('status').request(7, 5))).toEqual(refused(400));
  });

  test('422, size 0 with another root than that of the empty tree', async () => {
    const head = { ...log('status').head(1), size: 0n };
    expect(await addCheckpoint(body(0n, await log('status').note(head)))).toEqual(refused(422));
  });

  test('422, a proof from size 0', async () => {
    const checkpoint = await log('status').note(log('status').head(5));
    expect(await addCheckpoint(body(0n, checkpoint, [EMPTY_ROOT]))).toEqual(refused(422));
  });

  test('422, a fork at the same size; the evidence is there for everybody, and the log is not known any more', async () => {
    expect(await addCheckpoint(await log('fork').request(0, 7))).toEqual(cosigned);
    expect(await addCheckpoint(await log('fork').forkAt(5).request(7, 7))).toEqual(refused(422));
    expect(await addCheckpoint(await log('fork').request(7, 9))).toEqual(refused(404));

    const { evidence } = (await (await fetch(`${witness.url}/evidence`)).json()) as EvidenceList;
    expect(evidence).toMatchObject([{ origin: log('fork').origin, role: 'log', kind: 'same-size', frozen: true }]);
    const file = new Uint8Array(await (await fetch(`${witness.url}${evidence[0]!.path}`)).arrayBuffer());
    expect(verifyEvidence(file).accused).toEqual(log('fork').signer.key);
    expect((await fetch(`${witness.url}/evidence/0123456789abcdef.evidence`)).status).toBe(404);
  });

  test('422, a fork that has grown, and a proof that does not fit; the honest log goes on', async () => {
    expect(await addCheckpoint(await log('grown').request(0, 7))).toEqual(cosigned);
    expect(await addCheckpoint(await log('grown').forkAt(5).request(7, 9))).toEqual(refused(422));
    const checkpoint = await log('grown').note(log('grown').head(12));
    expect(await addCheckpoint(body(7n, checkpoint))).toEqual(refused(422));
    expect(await addCheckpoint(body(7n, checkpoint, await log('grown').prove(6, 12)))).toEqual(refused(422));
    expect(await addCheckpoint(await log('grown').request(7, 12))).toEqual(cosigned);
  });

  test('the other half of a contradiction convicts, even if the proof of the first one only failed', async () => {
    expect(await addCheckpoint(await log('halves').request(0, 7))).toEqual(cosigned);
    expect(await addCheckpoint(await log('halves').forkAt(5).request(7, 9))).toEqual(refused(422));
    expect(await addCheckpoint(await log('halves').request(7, 9))).toEqual(refused(404));
  });

  test('evidence that is handed in may be longer than a checkpoint', async () => {
    const post = async (bytes: number): Promise<number> =>
      (await fetch(`${witness.url}/evidence`, { method: 'POST', body: new Uint8Array(bytes) })).status;
    expect([await post(128 * 1024), await post(128 * 1024 + 1)]).toEqual([422, 413]);
  });

  test('evidence that is handed in: kept if it is about a known key and holds', async () => {
    const hand = async (bytes: Uint8Array): Promise<number> => {
      return (await fetch(`${witness.url}/evidence`, { method: 'POST', body: bytes as BodyInit })).status;
    };
    const forked = async ({ origin, signer }: SignedLog): Promise<Uint8Array> =>
      formatEvidence(await forkEvidence(origin, signer, { older: 5, newer: 9, forkAt: 3 }));
    const file = await forked(log('handed-in'));
    const broken = Uint8Array.from(file);
    broken[broken.length - 10]! ^= 1;
    expect(await hand(broken)).toBe(422);
    expect(await hand(new Uint8Array(0))).toBe(422);
    expect(await hand(await forked(new SignedLog(log('handed-in').origin)))).toBe(404);
    expect(await addCheckpoint(await log('handed-in').request(0, 5))).toEqual(cosigned);
    expect(await hand(file)).toBe(201);
    expect(await addCheckpoint(await log('handed-in').request(5, 7))).toEqual(refused(404));
  });

  test.each([
    ['nothing', new Uint8Array(0)],
    ['JSON', utf8Encode('{"old":0}')],
    ['no old size', utf8Encode('\n')],
    ['an old size that is no decimal', utf8Encode('old x\n\n')],
    ['an old size of 2^63', utf8Encode(`old ${2n ** 63n}\n\n`)],
    ['no checkpoint', utf8Encode('old 0\n\n')],
    ['bytes that are not UTF-8', concatBytes(utf8Encode('old 0\n\n'), new Uint8Array(100).fill(0xff))],
  ])('400, %s', async (_, bytes) => {
    expect(await addCheckpoint(bytes)).toEqual(refused(400));
  });

  test('400, 64 hashes', async () => {
    const request = utf8Decode(await log('status').request(0, 5));
    const hash = 'PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n';
    expect(await addCheckpoint(utf8Encode(request.replace('old 0\n', `old 0\n${hash.repeat(64)}`)))).toEqual(
      refused(400),
    );
  });

  test('400, a checkpoint with a size that has a leading zero, though it is signed', async () => {
    const text = utf8Encode(`${log('status').origin}\n05\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`);
    const { name, id: keyId } = log('status').signer.key;
    const signatures = [{ name, keyId, signature: await log('status').signer.sign(text) }];
    expect(await addCheckpoint(body(0n, formatNote({ text, signatures })))).toEqual(refused(400));
  });

  test('413, more than 64 KiB', async () => {
    expect(await addCheckpoint(new Uint8Array(64 * 1024 + 1))).toEqual(refused(413));
  });

  test('and nothing of all that was cosigned', async () => {
    expect(await addCheckpoint(await log('status').request(3, 5))).toEqual(conflict(0));
    expect((await fetchCheckpoint(log('status').origin)).status).toBe(404);
  });
});

describe('the monitoring endpoint', () => {
  test('shows the checkpoint with the signature that was verified and the cosignature that was given, and no other', async () => {
    const monitor = log('monitor');
    const stranger = ed25519Signer('log.example.com/stranger');
    const checkpoint = await monitor.note(monitor.head(5), [
      stranger,
      monitor.signer,
      cosigner('witness.example.org/w2', 1n),
    ]);
    const answer = await addCheckpoint(formatAddCheckpointRequest({ oldSize: 0n, proof: [], checkpoint }));
    const shown = await fetchCheckpoint(monitor.origin);
    expect([shown.status, shown.headers.get('content-type')]).toEqual([200, PLAIN]);
    const signedByLog = utf8Decode(await monitor.note(monitor.head(5)));
    expect(await shown.text()).toBe(signedByLog + answer.body);
  });

  test.each([
    ['an origin of which nothing was cosigned', witnessCheckpointPath('log.example.com/stranger')],
    [
      'a hash in upper case',
      witnessCheckpointPath('log.example.com/monitor').toUpperCase().replace('CHECKPOINT', 'checkpoint'),
    ],
    ['something that is no hash', 'log.example.com/checkpoint'],
  ])('has 404 for %s', async (_, path) => {
    const response = await fetch(`${witness.url}/${path}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([404, PLAIN]);
  });
});

test('a start again goes on from what was cosigned', async () => {
  const { origin } = log('restart');
  expect(await addCheckpoint(await log('restart').request(0, 9))).toEqual(cosigned);
  const shown = await (await fetchCheckpoint(origin)).text();
  await witness.close();
  witness = await start();
  expect(await (await fetchCheckpoint(origin)).text()).toBe(shown);
  expect(await addCheckpoint(await log('restart').request(0, 5))).toEqual(conflict(9));
  expect(await addCheckpoint(await log('restart').forkAt(5).request(9, 13))).toEqual(refused(422));
  expect(await addCheckpoint(await log('restart').request(9, 12))).toEqual(cosigned);
});

test('a second witness does not start on the same store', async () => {
  await expect(start()).rejects.toThrow(expect.objectContaining({ code: 'store-locked' }));
});

test('data of another name is refused: one key is one witness', async () => {
  const config = { profile: 'development', host: '127.0.0.1', port: 0, logs: known } as const;
  const dataDirectory = join(folder, 'named');
  const startAs = (name: string): Promise<RunningService> =>
    startService(witnessService({ ...config, name, keyFile: join(folder, 'witness.key'), dataDirectory }), logger);
  await (await startAs('witness.example.org/one')).close();
  await expect(startAs('witness.example.org/two')).rejects.toThrow(/data of the witness witness.example.org\/one/);
  await (await startAs('witness.example.org/one')).close();
});

test('a key that is a log of the witness too is refused', async () => {
  const config = { profile: 'development', host: '127.0.0.1', port: 0, keyFile: join(folder, 'witness.key') } as const;
  const same = verifierKey('log.example.com/same', KEY_TYPE.ed25519, key.publicKey);
  const service = witnessService({ ...config, name: NAME, dataDirectory: join(folder, 'other'), logs: [same] });
  await expect(startService(service, logger)).rejects.toThrow(/needs its own/);
});

test('a development key does not start under the profile production', async () => {
  const config = { profile: 'production', host: '127.0.0.1', port: 0, keyFile: join(folder, 'witness.key') } as const;
  const service = witnessService({ ...config, name: NAME, dataDirectory: join(folder, 'other'), logs: known });
  await expect(startService(service, logger)).rejects.toThrow(expect.objectContaining({ code: 'development-key' }));
});

test('health and metrics tell how it is', async () => {
  expect((await fetch(`${witness.url}/health/ready`)).status).toBe(200);
  await addCheckpoint(await log('restart').forkAt(5).request(12, 12));
  const metrics = await (await fetch(`${witness.url}/metrics`)).text();
  expect(metrics).toContain(`witness_logs ${NAMES.length}\n`);
  expect(metrics).toContain('witness_add_checkpoint_total{outcome="other-root"} 1\n');
  expect(metrics).toMatch(/witness_add_checkpoint_total\{outcome="cosigned"\} \d+\n/);
});
