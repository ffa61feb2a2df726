import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseCertificate } from '#libs/certificate';
import { addPreChain } from '#libs/client';
import { encodePem } from '#libs/crypto';
import { createPrecertificate, createRootCertificate, randomSerialNumber } from '#libs/issuing';
import { KEY_TYPE, parseNote, verifierKey } from '#libs/note';
import { createLogger, startService, type RunningService } from '#libs/server';
import { generateSigner, openKeyFile, type Signer } from '#libs/signer';
import { evaluatePolicy, parseCheckpoint, parsePolicy, type TlogPolicy } from '#libs/tlog';
import type { LogConfig } from '../apps/log/src/config.js';
import { logService } from '../apps/log/src/log.module.js';
import { keepCopy, restoreCopy, WitnessPair } from './witness-pair.js';

const quiet = createLogger('ct-witnesses', { write: () => undefined });
const ORIGIN = 'ct-witnesses.tally.localhost';
const profile = 'development';
const now = Math.floor(Date.now() / 1000) * 1000;
const validity = { notBefore: new Date(now), notAfter: new Date(now + 3_600_000) };

describe('a ct log with two witnesses', () => {
  let folder: string;
  let policy: TlogPolicy;
  let config: LogConfig;
  let log: RunningService;
  let witnesses: WitnessPair;
  let root: Uint8Array;
  let caSigner: Signer;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-ct-witnesses-'));
    caSigner = await generateSigner('ca', 'ecdsa-p256');
    const subject = { organization: 'test', commonName: 'root' };
    root = await createRootCertificate({ subject, signer: caSigner, ...validity });
    await writeFile(join(folder, 'roots.pem'), encodePem('CERTIFICATE', root));
    const keyFile = join(folder, 'log-key');
    const ctKey = { role: 'ct-log', algorithm: 'ecdsa-p256', profile, create: true } as const;
    const { spki } = (await openKeyFile(keyFile, ctKey)).publicKey;
    const logKey = verifierKey(ORIGIN, KEY_TYPE.rfc6962, spki);
    witnesses = await WitnessPair.prepare(folder, logKey);
    policy = parsePolicy(witnesses.policy);
    await writeFile(join(folder, 'policy'), witnesses.policy);
    config = {
      profile,
      host: '127.0.0.1',
      port: 0,
      kind: 'ct',
      origin: ORIGIN,
      inception: new Date(),
      dataDirectory: join(folder, 'data'),
      keyFile,
      markFile: join(folder, 'mark'),
      rootsFile: join(folder, 'roots.pem'),
      policyFile: join(folder, 'policy'),
      poolLimit: 100,
      checkpointIntervalMs: 0,
    };
    await witnesses.startBoth();
    log = await startService(logService(config), quiet);
  });
  afterEach(async () => {
    await log.close();
    await witnesses.stopBoth();
    await rm(folder, { recursive: true });
  });

  async function logCertificate(email: string): Promise<void> {
    const { publicKey } = await generateSigner('witness', 'ecdsa-p256');
    const precertificate = await createPrecertificate({
      identity: { subject: { type: 'email', value: email }, issuer: 'https://issuer.example', claims: {} },
      publicKey,
      issuer: { certificate: parseCertificate(root), signer: caSigner },
      serialNumber: randomSerialNumber(),
      ...validity,
    });
    await addPreChain(log.url, [precertificate, root]);
  }

  /** Who has cosigned the published checkpoint of this size: waits until it is those. */
  async function cosigners(size: bigint, expected: readonly string[]): Promise<void> {
    for (;;) {
      const answer = await fetch(`${log.url}/checkpoint`);
      const note = parseNote(new Uint8Array(await answer.arrayBuffer()));
      expect(parseCheckpoint(note.text).size).toBe(size);
      const named = evaluatePolicy(policy, note).witnesses.map(({ name }) => name);
      if (named.join() === expected.join()) return;
      await delay(10);
    }
  }

  test('has its published checkpoint cosigned by both, and still after a restart', async () => {
    await logCertificate('one@example.org');
    await cosigners(1n, ['w0', 'w1']);
    await logCertificate('two@example.org');
    await cosigners(2n, ['w0', 'w1']);
    await log.close();
    await witnesses.stopBoth();
    await witnesses.start(0);
    log = await startService(logService(config), quiet);
    await cosigners(2n, ['w0', 'w1']);
  });

  test('answers with the SCT though a witness is away, and shows the cosignature of the other', async () => {
    await witnesses.stop(1);
    await logCertificate('one@example.org');
    await cosigners(1n, ['w0']);
    await witnesses.start(1);
    await logCertificate('two@example.org');
    await cosigners(2n, ['w0', 'w1']);
  });

  test('does not start from an older copy that its witnesses know more of', async () => {
    await logCertificate('one@example.org');
    await cosigners(1n, ['w0', 'w1']);
    await log.close();
    await keepCopy(folder);
    log = await startService(logService(config), quiet);
    await logCertificate('two@example.org');
    await cosigners(2n, ['w0', 'w1']);
    await log.close();
    await restoreCopy(folder);
    await expect(startService(logService(config), quiet)).rejects.toMatchObject({ code: 'published-ahead' });
  });
});
