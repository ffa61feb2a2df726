import { printResult, type Context } from '../context.js';
import { EXIT, Failure } from '../failure.js';
import { marked } from '../lines.js';
import { loadPolicy } from '../policy-file.js';
import { loadTrust } from '../trust-config.js';
import { fail, finding, type Finding } from '../doctor/finding.js';
import { checkNode, checkPolicy, checkSigningConfig, checkTrust } from '../doctor/local-checks.js';
import { checkServices } from '../doctor/service-checks.js';

/** `tally doctor`: everything that signing and verifying need, one line each, and what to do about what is wrong. */
export async function doctor(context: Context): Promise<number> {
  const { io } = context;
  const findings = [checkNode(), ...(await examine(context))];
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.map(
    ({ mark, subject, text, next }) =>
      marked(mark, `${subject.padEnd(width)}  ${text}`, io.stdout, io.env) +
      (next === undefined ? '' : `${next.replaceAll(/^/gm, ' '.repeat(width + 4))}\n`),
  );
  const exit = findings.find(({ mark }) => mark === 'fail')?.exit ?? EXIT.done;
  printResult(
    context,
    {
      healthy: exit === EXIT.done,
      findings: findings.map(({ mark, subject, text, next }) => ({ mark, subject, text, next })),
      exit,
    },
    lines.join(''),
  );
  return exit;
}

async function examine(context: Context): Promise<Finding[]> {
  const trust = await failing(loadTrust(context), 'trust config');
  if ('mark' in trust) return [trust];
  const local = [await checkTrust(trust, context), await checkSigningConfig(trust, context)];
  const policy = await failing(
    loadPolicy(trust, {}, context).then((file) => ({ file })),
    'policy',
  );
  const policyFinding =
    'mark' in policy ? policy : await finding('policy', context, () => checkPolicy(trust, policy.file));
  const signable = local.every(({ mark }) => mark !== 'fail');
  const services = signable ? await checkServices(trust, 'mark' in policy ? undefined : policy.file, context) : [];
  return [...local, policyFinding, ...services];
}

/** What can't even be loaded is a finding. */
async function failing<T extends object>(loading: Promise<T>, subject: string): Promise<T | Finding> {
  try {
    return await loading;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return fail(subject, error.message, error.next, EXIT[error.code]);
  }
}
