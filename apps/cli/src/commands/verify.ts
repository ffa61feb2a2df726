import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Identity } from '#libs/certificate';
import { VerificationError, type Bundle } from '#libs/verify';
import { digestArgument } from '../artifact.js';
import { bundlePathOf, readBundle } from '../bundle-file.js';
import { printResult, type Context } from '../context.js';
import { demandedSigner, flagsFor, type SignerOptions } from '../demanded-signer.js';
import { EXIT, explain, Failure } from '../failure.js';
import { plain, shellWord, typed } from '../lines.js';
import { loadPolicy, type PolicyFile, type PolicyOptions } from '../policy-file.js';
import type { Reporter } from '../report/reporter.js';
import { loadTrust, type Trust } from '../trust-config.js';
import type { Policed } from '../verdict.js';
import { verifyFile, type VerifyTerms } from '../verify-file.js';
import { exitOf, outcomeJson, printOutcome, type Outcome } from '../verify-outcome.js';

export interface VerifyOptions extends SignerOptions, PolicyOptions {
  readonly bundle?: string;
  readonly offline?: boolean;
  readonly report?: boolean;
}

const NO_POLICY = '--no-policy switches the witness quorum off';
const NO_POLICY_FOUND = 'there is no tlog-policy beside the trust config, and no --policy';

/** `tally verify`: every file, whatever became of the one before. */
export async function verify(files: readonly string[], options: VerifyOptions, context: Context): Promise<number> {
  if (options.bundle !== undefined && files.length > 1) {
    throw new Failure('usage', '--bundle names one bundle, and there are several files', 'verify them one by one');
  }
  if (options.report && options.offline) {
    throw new Failure('usage', '--report asks the witnesses, and --offline opens no socket', 'leave one of them out');
  }
  const signer = await demandedSigner(options, context);
  const trust = await loadTrust(context, options.offline);
  const policy = await loadPolicy(trust, options, context);
  const unpoliced = options.policy === false ? NO_POLICY : NO_POLICY_FOUND;
  const terms = { trust, signer, policy, unpoliced };
  const reporter = options.report ? await startReporter(trust, policy, context) : undefined;
  const outcomes: Outcome[] = [];
  for (const file of files) {
    const verified = await verifyOne(file, options.bundle, terms, context);
    const reported = verified.bundle && (await reporter?.report(verified.bundle));
    const outcome = { ...verified, reported };
    outcomes.push(outcome);
    if (!context.json) printOutcome(outcome, context);
  }
  const exit = exitOf(outcomes);
  if (context.json) printResult(context, { verified: exit === EXIT.done, files: outcomes.map(outcomeJson), exit }, '');
  return exit;
}

/** Loaded here only: to verify must not load the code that knows the network. */
async function startReporter(trust: Trust, policy: PolicyFile | undefined, context: Context): Promise<Reporter> {
  if (policy === undefined) {
    throw new Failure(
      'usage',
      '--report goes to the witnesses of a tlog-policy, and there is none',
      'give --policy FILE',
    );
  }
  const { Reporter } = await import('../report/reporter.js');
  return new Reporter(trust, policy, context);
}

async function verifyOne(
  file: string,
  givenBundle: string | undefined,
  terms: VerifyTerms & { readonly unpoliced: string },
  context: Context,
): Promise<Outcome> {
  const { policy, unpoliced } = terms;
  let bundle: Bundle | undefined;
  let bundlePath: string | undefined;
  try {
    bundlePath = givenBundle ?? bundleBeside(file, context);
    bundle = await readBundle(bundlePath, context);
    const verification = await verifyFile(file, bundle, terms, context);
    const policed = policy && verification.quorum && { policy, quorum: verification.quorum };
    return { file, bundlePath, bundle, kind: 'verified', verified: { verification, policed, unpoliced } };
  } catch (error) {
    context.io.signal.throwIfAborted();
    const identity = error instanceof VerificationError ? error.identity : undefined;
    const refusal = explain(error);
    const quorum = error instanceof VerificationError ? error.quorum : undefined;
    const policed = policy && quorum && { policy, quorum };
    const next = identity
      ? acceptance(file, givenBundle, identity, context)
      : policed && bundlePath !== undefined
        ? wayToQuorum(policed, bundlePath, context)
        : refusal.next;
    const reportable = policed ? bundle : undefined;
    return { file, bundlePath, bundle: reportable, kind: 'refused', identity, policed, refusal: { ...refusal, next } };
  }
}

function bundleBeside(file: string, context: Context): string {
  if (digestArgument(file, context) === undefined) {
    const bundle = bundlePathOf(file);
    const { cwd } = context.io;
    if (existsSync(resolve(cwd, bundle)) || existsSync(resolve(cwd, file))) return bundle;
    throw new Failure('usage', `${file} can't be read: there is no such file`);
  }
  throw new Failure(
    'nothing-to-verify',
    `${file} is a digest: no bundle lies beside it`,
    'give the bundle with --bundle',
  );
}

/** Everything but the quorum is right: it may have been reached since. */
function wayToQuorum({ policy, quorum }: Policed, bundlePath: string, { io }: Context): string {
  const lead = 'all else verifies, but the log could have shown this to you alone';
  if (quorum.otherLog) {
    return `${lead}. Is ${policy.source} the policy of this log? --policy names another, --no-policy demands no witness`;
  }
  return `${lead}. Fetch a checkpoint that more witnesses have cosigned:\n${typed('tally', io.env)} bundle upgrade ${shellWord(bundlePath)}`;
}

/** The way on for who sees that it is the right signer; for anybody else a reason to stop. */
function acceptance(file: string, bundle: string | undefined, identity: Identity, context: Context): string {
  const bundleFlag = bundle === undefined ? '' : ` --bundle ${shellWord(bundle)}`;
  return (
    `it was signed by ${plain(identity.subject.value)}, vouched for by ${plain(identity.issuer)}. To accept exactly that:\n` +
    `${typed('tally', context.io.env)} verify ${shellWord(file)}${bundleFlag} ${plain(flagsFor(identity))}`
  );
}
