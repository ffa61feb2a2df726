import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatVerifierKey } from '#libs/note';
import { witnessCheckpointPath } from '#libs/tlog';
import { localServer, type LocalServer } from '../../../../test/local-server.js';
import { cosigner } from '../../../../test/note-signers.js';
import { SignedLog } from '../../../../test/signed-log.js';
import { invoke, type Invocation } from '../testing/invoke.js';

const log = new SignedLog('log.example');
let cwd: string;
let witness: LocalServer;
/** What it answers, by path; 404 for others. */
let answers: Record<string, { type: string; body: string | Uint8Array }> = {};

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tally-witness-'));
  writeFileSync(
    join(cwd, 'root.json'),
    JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1', tlogs: [] }),
  );
  witness = await localServer((request, response) => {
    const answer = answers[(request.url ?? '').slice(1)];
    if (answer) response.writeHead(200, { 'content-type': answer.type }).end(answer.body);
    else response.writeHead(404).end();
  });
});
afterEach(() => {
  answers = {};
});
afterAll(async () => {
  await witness.close();
  rmSync(cwd, { recursive: true });
});

const status = (...more: readonly string[]): Promise<Invocation> =>
  invoke(['witness', 'status', witness.url, ...more], { cwd, env: { TALLY_TRUST_CONFIG: 'root.json' } });

function trust(vkey: string): void {
  const lines = [`log ${formatVerifierKey(log.signer.key)}`, `witness w ${vkey} ${witness.url}`, 'quorum w'];
  writeFileSync(join(cwd, 'tlog-policy'), `${lines.join('\n')}\n`);
}

test('a time that no calendar has is a problem of the witness, and none of the reader', async () => {
  const mad = cosigner('w.example', 2n ** 63n - 1n);
  trust(formatVerifierKey(mad.key));
  const body = await log.note(log.head(5), [log.signer, mad]);
  answers[witnessCheckpointPath(log.origin)] = { type: 'text/plain', body };
  expect(await status()).toMatchObject({ exit: 1, stdout: expect.stringContaining('which is no date') });
  const json = await status('--json');
  expect([json.exit, JSON.parse(json.stdout)]).toMatchObject([1, { problems: [expect.stringContaining('no date')] }]);
});

test('of a thousand logs that a witness says are frozen, only keys of the reader are looked at, each once', async () => {
  const vkey = formatVerifierKey(cosigner('w.example', 0n).key);
  trust(vkey);
  const frozen = Array.from({ length: 1000 }, (_, i) => ({
    origin: `log${i}.example`,
    key: i % 2 === 0 ? vkey : formatVerifierKey(log.signer.key),
    reason: 'said so',
    evidencePath: `/evidence/${i}.evidence`,
  }));
  answers.status = { type: 'application/json', body: JSON.stringify({ name: 'w', frozen }) };
  const before = witness.requests.length;
  expect(await status('--json')).toMatchObject({ exit: 0 });
  const asked = witness.requests.slice(before).filter(({ path }) => path.startsWith('/evidence/'));
  expect(asked.map(({ path }) => path)).toEqual(['/evidence/1.evidence', '/evidence/0.evidence']);
});
