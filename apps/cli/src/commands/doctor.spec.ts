import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localServer, type LocalServer } from '../../../../test/local-server.js';
import { vectors } from '../../../../test/vectors.js';
import { invoke } from '../testing/invoke.js';

const publicGood = vectors('public-good');

interface Report {
  readonly healthy: boolean;
  readonly findings: readonly { mark: string; subject: string; text: string; next?: string }[];
  readonly exit: number;
}

(publicGood ? describe : describe.skip)('doctor', () => {
  let cwd: string;
  let server: LocalServer;
  const health = { status: 404 };

  const examine = async (now = new Date()): Promise<Report> => {
    const { exit, stdout } = await invoke(['doctor', '--json', '--trust-config', 'trust.json'], { cwd, now });
    const report = JSON.parse(stdout) as Report;
    expect(report.exit).toBe(exit);
    return report;
  };
  const of = (report: Report, subject: string): Report['findings'][number] | undefined =>
    report.findings.find((finding) => finding.subject === subject);

  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'tally-'));
    // A deployment of which nothing but the health is implemented.
    server = await localServer((request, response) =>
      response.writeHead(request.url === '/health/ready' ? health.status : 404).end('not today'),
    );
    const service = (majorApiVersion: number): object[] => [
      { url: server.url, majorApiVersion, validFor: { start: '2024-01-01T00:00:00Z' }, operator: 'us' },
    ];
    const signingConfig = {
      mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
      caUrls: service(1),
      oidcUrls: service(1),
      rekorTlogUrls: service(2),
      tsaUrls: service(1),
      rekorTlogConfig: { selector: 'ANY' },
      tsaConfig: { selector: 'ANY' },
    };
    const trustedRoot = JSON.parse(readFileSync(join(publicGood!, 'trusted_root.json'), 'utf8')) as object;
    const mediaType = 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json';
    writeFileSync(join(cwd, 'trust.json'), JSON.stringify({ mediaType, trustedRoot, signingConfig }));
  });
  afterAll(async () => {
    await server.close();
    rmSync(cwd, { recursive: true });
  });

  test('looks at everything, and names each service that fails with what to do', async () => {
    const report = await examine();
    expect(report.healthy).toBe(false);
    expect(report.findings.map(({ mark, subject }) => `${mark} ${subject}`)).toEqual([
      'ok node',
      'ok trust config',
      'ok signing config',
      'warn policy',
      'fail identity provider',
      'fail certificate authority',
      'fail timestamp authority',
      'fail log',
    ]);
    expect(of(report, 'log')?.text).toContain('HTTP 404');
  });

  test('passes on what a service says about itself', async () => {
    health.status = 503;
    try {
      const report = await examine();
      expect(of(report, 'log')?.text).toContain('is not ready: not today');
      expect(report.exit).toBe(5);
    } finally {
      health.status = 404;
    }
  });

  test.each([
    [30_000, 'warn', 'the clock here is 30 s ahead of'],
    [-3_600_000, 'fail', 'the clock here is 3600 s behind'],
  ])('a clock that is %i ms off is a %s', async (offset, mark, text) => {
    const finding = of(await examine(new Date(Date.now() + offset)), 'log');
    expect(finding).toMatchObject({ mark, text: expect.stringMatching(text.replace(/\d+/, String.raw`\d+`)) });
  });

  test('trust that has ended is exit 4, and no service is asked', async () => {
    const asked = server.requests.length;
    const report = await examine(new Date('2020-01-01T00:00:00Z'));
    expect(report.exit).toBe(4);
    expect(of(report, 'trust config')?.text).toContain('valid now');
    expect(server.requests).toHaveLength(asked);
  });

  test('a policy about a log that is not trusted is a failure', async () => {
    const vkey = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx';
    writeFileSync(join(cwd, 'tlog-policy'), `log ${vkey}\nquorum none\n`);
    try {
      expect(of(await examine(), 'policy')).toMatchObject({
        mark: 'fail',
        text: expect.stringContaining('does not trust'),
      });
      writeFileSync(join(cwd, 'tlog-policy'), 'nonsense\n');
      expect(of(await examine(), 'policy')).toMatchObject({
        mark: 'fail',
        text: expect.stringContaining('is not a tlog-policy'),
      });
    } finally {
      rmSync(join(cwd, 'tlog-policy'));
    }
  });

  test('is read in aligned lines', async () => {
    const { stdout } = await invoke(['doctor', '--trust-config', 'trust.json'], { cwd });
    expect(stdout).toMatch(/^✓ node {19}24\./);
    expect(stdout).toMatch(/^✓ trust config {11}trust\.json$/m);
    expect(stdout).toMatch(/^! policy {17}there is no tlog-policy/m);
    expect(stdout).toMatch(/^✗ certificate authority {2}/m);
  });
});

test('without a trust config the doctor says how to get one', async () => {
  const { exit, stdout } = await invoke(['doctor'], { cwd: tmpdir(), env: { TALLY_HOME: 'nowhere' } });
  expect(exit).toBe(4);
  expect(stdout).toContain('✗ trust config');
  expect(stdout).toContain('npm start');
});
