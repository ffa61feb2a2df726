import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '#crypto';
import { parsePolicy } from '#libs/tlog';
import { parseBundle, parseTrustedRoot, verifyBundle } from '#libs/verify';
import { invoke } from '../../../apps/cli/src/testing/invoke.js';
import { freeStackPort, spawnStack, type SpawnedStack } from '../../network.js';
import { quantile, sample, type Figure } from '../figure.js';
import { fsyncLimit, roundTripLimit, signatureLimits } from '../limits.js';

const SIGNINGS = 100;
const VERIFICATIONS = 500;
const WARM_UP = 20;
const EMAIL = 'bench@example.org';

/**
 * What signing a file can't do without, one after the other. Round trips: certificate, SCT, timestamp, entry, witnesses
 * (at once). On disk before the next step: the CA's event; in each log the commit, the mark and its name, what was signed,
 * what was published, the checkpoint and its name; a witness's event. Signatures: proof of possession, precertificate,
 * certificate, SCT and tree head, artifact, timestamp (P-256); checkpoint, cosignature (Ed25519).
 */
const SIGNING = { roundTrips: 5, fsyncs: 1 + 7 + 7 + 1, p256: 7, ed25519: 2 } as const;

/**
 * The signatures behind a bundle. P-256: artifact, certificate, intermediate, root, SCT, timestamp, its certificate, its root.
 * Ed25519: the checkpoint and three cosignatures.
 */
const BUNDLE = { p256: 8, ed25519: 4 } as const;

/** A whole stack, with one file signed and ready to be verified: what the figures of the command line need. */
async function withStack<T>(figure: (stack: SpawnedStack, work: string) => Promise<T>): Promise<T> {
  const work = await mkdtemp(join(tmpdir(), 'tally-bench-'));
  const home = join(work, 'home');
  const stack = await spawnStack({ home, port: await freeStackPort() });
  try {
    return await figure(stack, work);
  } finally {
    await stack.kill('SIGTERM');
    await rm(work, { recursive: true });
  }
}

async function signFiles({ token }: SpawnedStack, work: string, count: number): Promise<number[]> {
  const identityToken = await token(EMAIL);
  return sample(count, async (i) => {
    await writeFile(join(work, `file-${i}`), `file ${i}`);
    const argv = ['sign', `file-${i}`, '--identity-token', identityToken];
    const { exit, stderr } = await invoke(argv, { env: { TALLY_HOME: join(work, 'home') }, cwd: work });
    if (exit !== 0) throw new Error(`signing failed: ${stderr}`);
  });
}

/** Milliseconds of `tally sign`, the process's start left out. */
export function signLatency(): Promise<Figure[]> {
  return withStack(async (stack, work) => {
    const samples = (await signFiles(stack, work, WARM_UP + SIGNINGS)).slice(WARM_UP);
    const [p256, ed25519] = [await signatureLimits('ecdsa-p256'), await signatureLimits('ed25519')];
    const limit =
      SIGNING.roundTrips * (await roundTripLimit()) +
      SIGNING.fsyncs * (await fsyncLimit(work)) +
      SIGNING.p256 * p256.sign +
      SIGNING.ed25519 * ed25519.sign;
    const bare = `${SIGNING.roundTrips} round trips, ${SIGNING.fsyncs} fsyncs, ${SIGNING.p256 + SIGNING.ed25519} signatures, bare`;
    return [
      {
        figure: 'sign-latency',
        value: quantile(samples, 0.5),
        unit: 'ms',
        limit,
        of: `${bare}; p99 ${quantile(samples, 0.99).toFixed(1)} ms`,
      },
    ];
  });
}

/** Milliseconds of verifying a bundle, offline. */
export function verifyLatency(): Promise<Figure[]> {
  return withStack(async (stack, work) => {
    await signFiles(stack, work, 1);
    const bundle = parseBundle(await readFile(join(work, 'file-0.sigstore.json')));
    const trustedRoot = parseTrustedRoot(JSON.parse(await readFile(stack.paths.trustedRoot, 'utf8')));
    const policy = parsePolicy(await readFile(stack.paths.policy));
    const digest = sha256(await readFile(join(work, 'file-0')));
    const artifact = { kind: 'digest', algorithm: 'sha256', digest } as const;
    const identity = { subject: EMAIL, issuer: stack.urls.issuer };
    const verifications = await sample(WARM_UP + VERIFICATIONS, () =>
      verifyBundle({ bundle, artifact, trustedRoot, identity, policy, now: new Date() }),
    );
    const samples = verifications.slice(WARM_UP);
    const [p256, ed25519] = [await signatureLimits('ecdsa-p256'), await signatureLimits('ed25519')];
    return [
      {
        figure: 'verify-latency',
        value: quantile(samples, 0.5),
        unit: 'ms',
        limit: BUNDLE.p256 * p256.verify + BUNDLE.ed25519 * ed25519.verify,
        of: `${BUNDLE.p256 + BUNDLE.ed25519} verifications by node:crypto; p99 ${quantile(samples, 0.99).toFixed(1)} ms`,
      },
    ];
  });
}
