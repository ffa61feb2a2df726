import {
  fetchCosignedCheckpoint,
  fetchHealth,
  fetchIssuerMetadata,
  fetchTrustBundle,
  requestTimestamp,
} from '#libs/client';
import { equalBytes } from '#libs/crypto';
import { verifyTimestamp } from '#libs/timestamp';
import { evaluatePolicy, type TlogPolicy } from '#libs/tlog';
import { judgeQuorum } from '#libs/verify';
import type { Context } from '../context.js';
import { EXIT } from '../failure.js';
import { openLog } from '../log-view.js';
import { quorumIn, type PolicyFile } from '../policy-file.js';
import { oidcIssuer, signingServices } from '../signing-services.js';
import type { Trust } from '../trust-config.js';
import { fail, finding, ok, warn, type Finding } from './finding.js';

/** A doctor does not wait: who needs longer is not well. */
const TIMEOUT_MS = 5_000;
const CLOCK_WARN_SECONDS = 5;
/** Certificates live ten minutes; much less is left where clocks are so far apart. */
const CLOCK_FAIL_SECONDS = 120;
const OTHER_DEPLOYMENT = 'is the trust config of this deployment? get its trust.json anew';

type Checked = Promise<Finding[]>;

/** Asks every service for something harmless and compares the answer with the trust. */
export async function checkServices(trust: Trust, policy: PolicyFile | undefined, context: Context): Checked {
  const now = context.io.now();
  const { ca, logs, tsas } = signingServices(trust, now);
  const checks: Checked[] = [
    healthy('identity provider', oidcIssuer(trust, now), context, (url) => checkIssuer(url, context)),
    healthy('certificate authority', ca, context, (url) => checkCa(url, trust, context)),
    ...tsas.map((tsa) => healthy('timestamp authority', tsa, context, (url) => checkTsa(url, trust, context))),
    ...logs.map((log) => healthy('log', log, context, (url) => checkLog(url, trust, policy, context))),
    ...witnessChecks(policy, context),
  ];
  return (await Promise.all(checks)).flat();
}

function witnessChecks(file: PolicyFile | undefined, context: Context): Checked[] {
  if (file === undefined) return [];
  const { policy } = file;
  return policy.witnesses.flatMap(({ name, url }) =>
    url === undefined ? [] : [healthy('witness', url, context, () => checkWitness(name, url, policy, context))],
  );
}

/** The service's own opinion of itself, its clock, and then the check; without a connection only that. */
async function healthy(
  subject: string,
  url: string,
  context: Context,
  check: (url: string) => Promise<Finding>,
): Checked {
  const health = await finding(subject, context, async () => {
    const { ready, detail, date } = await fetchHealth(url, call(context));
    if (ready === false)
      return fail(subject, `${url} says it is not ready: ${detail}`, 'its log says more', EXIT.unavailable);
    return clock(subject, date, context) ?? ok(subject, url);
  });
  if (health.mark === 'fail') return [health];
  const checked = await finding(subject, context, () => check(url));
  return health.mark === 'ok' ? [checked] : [health, checked];
}

async function checkIssuer(url: string, context: Context): Promise<Finding> {
  await fetchIssuerMetadata(url, call(context));
  return ok('identity provider', url);
}

async function checkCa(url: string, trust: Trust, context: Context): Promise<Finding> {
  const chains = await fetchTrustBundle(url, call(context));
  const issuing = chains.flatMap((chain) => chain.slice(0, 1));
  const trusted = trust.trustedRoot.certificateAuthorities.flatMap(({ chain }) => chain.slice(0, 1));
  return issuing.some((der) => trusted.some(({ raw }) => equalBytes(raw, der)))
    ? ok('certificate authority', `${url}, its key is trusted`)
    : fail('certificate authority', `${url} issues with a key that is not trusted`, OTHER_DEPLOYMENT, EXIT['no-trust']);
}

async function checkTsa(url: string, trust: Trust, context: Context): Promise<Finding> {
  const message = crypto.getRandomValues(new Uint8Array(32));
  const timestamp = await requestTimestamp(url, message, call(context));
  const { time } = verifyTimestamp(timestamp, message, trust.trustedRoot.timestampAuthorities);
  return clock('timestamp authority', time, context) ?? ok('timestamp authority', `${url}, its key is trusted`);
}

async function checkLog(url: string, trust: Trust, policy: PolicyFile | undefined, context: Context): Promise<Finding> {
  const { checkpoint, note } = await openLog(url, trust, context);
  const size = `${url}, its key is trusted, size ${checkpoint.size}`;
  if (policy === undefined) return ok('log', size);
  const verdict = judgeQuorum(policy.policy, note);
  const cosigned = verdict.witnesses.filter(({ state }) => state === 'cosigned');
  const names = cosigned.map(({ name }) => name).join(', ') || 'nobody';
  return quorumIn(verdict) === 'met'
    ? ok('log', `${size}, cosigned by ${names}`)
    : fail(
        'log',
        `${size}, cosigned by ${names}: not the quorum of the policy`,
        'are the witnesses running?',
        EXIT.unavailable,
      );
}

async function checkWitness(name: string, url: string, policy: TlogPolicy, context: Context): Promise<Finding> {
  for (const { key } of policy.logs) {
    const checkpoint = await fetchCosignedCheckpoint(url, key.name, call(context));
    if (checkpoint === undefined) {
      return warn('witness', `${url} has cosigned nothing of ${key.name} yet`, 'sign something, then look again');
    }
    if (!evaluatePolicy(policy, checkpoint).witnesses.some((witness) => witness.name === name)) {
      const next = 'is the policy of this deployment?';
      return fail('witness', `${url} does not sign with the key of ${name}`, next, EXIT['no-trust']);
    }
  }
  return ok('witness', `${url}, its key is that of ${name}`);
}

function clock(subject: string, time: Date | undefined, context: Context): Finding | undefined {
  if (time === undefined) return undefined;
  const seconds = Math.round((context.io.now().getTime() - time.getTime()) / 1000);
  const apart = Math.abs(seconds);
  if (apart <= CLOCK_WARN_SECONDS) return undefined;
  const text = `the clock here is ${apart} s ${seconds > 0 ? 'ahead of' : 'behind'} the service’s`;
  const next = 'set the clock by NTP, here or there';
  return apart > CLOCK_FAIL_SECONDS ? fail(subject, text, next, EXIT['not-verified']) : warn(subject, text, next);
}

function call({ io }: Context): { signal: AbortSignal; timeoutMs: number; tries: number } {
  return { signal: io.signal, timeoutMs: TIMEOUT_MS, tries: 1 };
}
