import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TSAWitness } from '@sigstore/sign';
import { requestTimestamp } from '#libs/client';
import { encodePem } from '#libs/crypto';
import type { RunningService } from '#libs/server';
import { verifyTimestamp } from '#libs/timestamp';
import { deployTsa, granted, type TsaDeployment } from './testing/running-tsa.js';

const MESSAGE = new TextEncoder().encode('a signature');

let deployment: TsaDeployment;
let tsa: RunningService;

beforeAll(async () => {
  deployment = await deployTsa();
  tsa = await deployment.start();
});
afterAll(async () => {
  await tsa.close();
  await deployment.remove();
});

describe('a timestamp', () => {
  test('is understood by @sigstore/sign', async () => {
    const witness = new TSAWitness({ tsaBaseURL: tsa.url, retry: false, timeout: 60_000 });
    const { rfc3161Timestamps } = await witness.testify({
      $case: 'messageSignature',
      messageSignature: { signature: Buffer.from(MESSAGE), messageDigest: undefined },
    } as never);
    const [timestamp] = rfc3161Timestamps ?? [];
    verifyTimestamp(new Uint8Array(timestamp?.signedTimestamp ?? []), MESSAGE, deployment.authorities);
  });

  test('is understood by our own client', async () => {
    const response = await requestTimestamp(`${tsa.url}/api/v1/timestamp`, MESSAGE);
    verifyTimestamp(response, MESSAGE, deployment.authorities);
  });
});

function postQuery(query: Uint8Array): Promise<Response> {
  return fetch(`${tsa.url}/api/v1/timestamp`, {
    method: 'POST',
    headers: { 'content-type': 'application/timestamp-query' },
    body: query as BodyInit,
  });
}

const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', cwd: deployment.path('.'), stdio: 'pipe' });
const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    process.stderr.write('there is no openssl: the tests that need it are skipped\n');
    return false;
  }
})();

(hasOpenssl ? describe : describe.skip)('openssl ts', () => {
  test.each(['-sha256', '-sha384', '-sha512'])('asks for and verifies a timestamp over %s', async (algorithm) => {
    await writeFile(deployment.path('message'), MESSAGE);
    const pem = (deployment.authorities[0]?.chain ?? []).map(({ raw }) => encodePem('CERTIFICATE', raw));
    await writeFile(deployment.path('leaf.pem'), pem[0] ?? '');
    await writeFile(deployment.path('root.pem'), pem[1] ?? '');
    for (const cert of [['-cert'], []]) {
      const query = ['-data', 'message', algorithm, '-tspolicy', deployment.config.policy, ...cert];
      openssl('ts', '-query', ...query, '-out', 'query.tsq');
      const { der } = await granted(await postQuery(await readFile(deployment.path('query.tsq'))));
      await writeFile(deployment.path('reply.tsr'), der);
      const reply = ['-queryfile', 'query.tsq', '-in', 'reply.tsr'];
      const verdict = openssl('ts', '-verify', ...reply, '-CAfile', 'root.pem', '-untrusted', 'leaf.pem');
      expect(verdict).toMatch('Verification: OK');
    }
  });
});
