import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KEY_TYPE, verifierKey } from '#libs/note';
import { createLogger, startService, type RunningService } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import { evaluatePolicy, parsePolicy } from '#libs/tlog';
import { parseTlogEntry, type TlogEntry } from '#libs/verify';
import type { LogConfig } from '../apps/log/src/config.js';
import { logService } from '../apps/log/src/log.module.js';
import { keepCopy, restoreCopy, WitnessPair } from './witness-pair.js';

const quiet = createLogger('quorum', { write: () => undefined });
const ORIGIN = 'quorum-test.tally.localhost';
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function request(artifact: string): string {
  const rawBytes = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const verifier = { publicKey: { rawBytes }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' };
  const content = sign('sha256', Buffer.from(artifact), privateKey).toString('base64');
  const digest = createHash('sha256').update(artifact).digest('base64');
  return JSON.stringify({ hashedRekordRequestV002: { digest, signature: { content, verifier } } });
}

/** A log with a policy of two of two witnesses, which come and go. */
describe('a log that needs a quorum', () => {
  let folder: string;
  let config: LogConfig;
  let log: RunningService;
  let witnesses: WitnessPair;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-quorum-'));
    const logFile = join(folder, 'log-key');
    const { raw } = (
      await openKeyFile(logFile, { role: 'rekor-log', algorithm: 'ed25519', profile: 'development', create: true })
    ).publicKey;
    const logKey = verifierKey(ORIGIN, KEY_TYPE.ed25519, raw);
    witnesses = await WitnessPair.prepare(folder, logKey);
    await writeFile(join(folder, 'policy'), witnesses.policy);
    await witnesses.start(0);
    config = {
      profile: 'development',
      host: '127.0.0.1',
      port: 0,
      kind: 'rekor',
      origin: ORIGIN,
      inception: new Date(),
      dataDirectory: join(folder, 'data'),
      keyFile: logFile,
      markFile: join(folder, 'mark'),
      policyFile: join(folder, 'policy'),
      poolLimit: 100,
      checkpointIntervalMs: 0,
    };
    await startLog();
  });
  afterEach(async () => {
    await log.close();
    await witnesses.stopBoth();
    await rm(folder, { recursive: true });
  });

  async function startLog(): Promise<void> {
    log = await startService(logService(config), quiet);
  }

  const post = (body: string): Promise<Response> => fetch(`${log.url}/api/v2/log/entries`, { method: 'POST', body });
  /** As a client does it: 503 means that it should come back, also from a machine that stood still for a while. */
  const logged = async (body: string): Promise<TlogEntry> => {
    for (;;) {
      const answer = await post(body);
      if (answer.status === 201) return parseTlogEntry(await answer.json());
      expect(answer.status).toBe(503);
      await delay(100);
    }
  };

  test('answers 503 without it, and the retry gets 201 and the same index, with every cosignature', async () => {
    const [first, second] = [request('first'), request('second')];
    const refused = await Promise.all([post(first), post(second)]);
    for (const answer of refused) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
      const message = expect.stringMatching(
        /^the entry is logged at index [01], but no checkpoint that covers it was published/,
      );
      expect(await answer.json()).toEqual({ code: 14, message, details: [] });
    }
    expect((await fetch(`${log.url}/checkpoint`)).status).toBe(404);
    expect((await fetch(`${log.url}/health/ready`)).status).toBe(503);

    await witnesses.start(1);
    const [one, two] = [await logged(first), await logged(second)];
    expect([one.logIndex, two.logIndex].sort()).toEqual([0n, 1n]);
    const note = new TextEncoder().encode(one.inclusionProof!.checkpoint);
    const { quorum, witnesses: named } = evaluatePolicy(parsePolicy(witnesses.policy), note);
    expect({ quorum, named: named.map(({ name }) => name).sort() }).toEqual({ quorum: true, named: ['w0', 'w1'] });
    expect((await fetch(`${log.url}/health/ready`)).status).toBe(200);

    await witnesses.stop(1);
    const third = request('third');
    expect((await post(third)).status).toBe(503);
    expect(await logged(first)).toMatchObject({ logIndex: one.logIndex }); // published, and stays so
    await witnesses.start(1);
    expect(await logged(third)).toMatchObject({ logIndex: 2n });
  });

  test('signs nothing until its witnesses have said what they know, and freezes when that is another history', async () => {
    await witnesses.start(1);
    await logged(request('first'));
    await log.close();
    await keepCopy(folder);
    await startLog();
    await logged(request('second'));
    await log.close();
    await witnesses.stopBoth();
    await restoreCopy(folder);

    await startLog();
    const mark = await readFile(join(folder, 'mark'), 'utf8');
    expect((await post(request('another second'))).status).toBe(503);
    expect(await readFile(join(folder, 'mark'), 'utf8')).toBe(mark); // it moves before each signature

    await witnesses.startBoth();
    for (;;) {
      const health = await (await fetch(`${log.url}/health/ready`)).text();
      if (/witness w[01] knows (a head of .* with 2 entries|another root at size 2)/.test(health)) break;
      await delay(50);
    }
    expect(await (await post(request('third'))).json()).toMatchObject({ code: 14, message: 'the log is frozen' });
    expect(await readFile(join(folder, 'mark'), 'utf8')).toBe(mark);
  });
});
