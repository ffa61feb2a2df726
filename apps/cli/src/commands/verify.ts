import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Identity } from '#libs/certificate';
import { VerificationError } from '#libs/verify';
import { digestArgument } from '../artifact.js';
import { bundlePathOf, readBundle } from '../bundle-file.js';
import { note, printResult, type Context } from '../context.js';
import { demandedSigner, flagsFor, type SignerOptions } from '../demanded-signer.js';
import { EXIT, explain, Failure, type Explanation } from '../failure.js';
import { fields, marked, plain, shellWord, typed } from '../lines.js';
import { loadPolicy, type PolicyOptions } from '../policy-file.js';
import { loadTrust } from '../trust-config.js';
import { identityJson, policedJson, verdictFields, verdictJson, type Policed, type Verified } from '../verdict.js';
import { verifyFile, type VerifyTerms } from '../verify-file.js';

export interface VerifyOptions extends SignerOptions, PolicyOptions {
  readonly bundle?: string;
  readonly offline?: boolean;
}

const NO_POLICY = '--no-policy switches the witness quorum off';
const NO_POLICY_FOUND = 'there is no tlog-policy beside the trust config, and no --policy';

/** What became of one file. */
type Outcome = { readonly file: string; readonly bundlePath: string | undefined } & (
  | { readonly kind: 'verified'; readonly verified: Verified }
  /** `identity`: whom the certificate names, where that is why it was refused. */
  | {
      readonly kind: 'refused';
      readonly refusal: Explanation;
      readonly identity: Identity | undefined;
      /** Where the missing quorum is why. */
      readonly policed: Policed | undefined;
    }
);

/** `tally verify`: every file, whatever became of the one before. */
export async function verify(files: readonly string[], options: VerifyOptions, context: Context): Promise<number> {
  if (options.bundle !== undefined && files.length > 1) {
    throw new Failure('usage', '--bundle names one bundle, and there are several files', 'verify them one by one');
  }
  const signer = await demandedSigner(options, context);
  const trust = await loadTrust(context, options.offline);
  const policy = await loadPolicy(trust, options, context);
  const unpoliced = options.policy === false ? NO_POLICY : NO_POLICY_FOUND;
  const terms = { trust, signer, policy, unpoliced };
  const outcomes: Outcome[] = [];
  for (const file of files) {
    const outcome = await verifyOne(file, options.bundle, terms, context);
    outcomes.push(outcome);
    if (!context.json) printOutcome(outcome, context);
  }
  const exit = exitOf(outcomes);
  if (context.json) printResult(context, { verified: exit === EXIT.done, files: outcomes.map(outcomeJson), exit }, '');
  return exit;
}

async function verifyOne(
  file: string,
  givenBundle: string | undefined,
  terms: VerifyTerms & { readonly unpoliced: string },
  context: Context,
): Promise<Outcome> {
  const { policy, unpoliced } = terms;
  let bundlePath: string | undefined;
  try {
    bundlePath = givenBundle ?? bundleBeside(file, context);
    const bundle = await readBundle(bundlePath, context);
    const verification = await verifyFile(file, bundle, terms, context);
    const policed = policy && verification.quorum && { policy, quorum: verification.quorum };
    return { file, bundlePath, kind: 'verified', verified: { verification, policed, unpoliced } };
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
    return { file, bundlePath, kind: 'refused', identity, policed, refusal: { ...refusal, next } };
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

function printOutcome(outcome: Outcome, context: Context): void {
  const { stdout, env } = context.io;
  if (outcome.kind === 'verified') {
    stdout.write(marked('ok', `${outcome.file} verified`, stdout, env) + fields(verdictFields(outcome.verified)));
    return;
  }
  const { code, message, next } = outcome.refusal;
  const why = fields([
    ['check', code],
    ['reason', plain(message)],
    ['policy', outcome.policed?.policy.source],
  ]);
  stdout.write(marked('fail', `${outcome.file} not verified`, stdout, env) + why);
  if (next !== undefined) note(context, next.replaceAll(/^/gm, '  '));
}

function outcomeJson(outcome: Outcome): object {
  const { file, bundlePath: bundle } = outcome;
  if (outcome.kind === 'verified') return { file, bundle, verified: true, ...verdictJson(outcome.verified) };
  const { code, message, next } = outcome.refusal;
  const identity = outcome.identity && identityJson(outcome.identity);
  const { policed } = outcome;
  return {
    file,
    bundle,
    verified: false,
    identity,
    policy: policed && policedJson(policed),
    error: { code, message, next },
  };
}

/** One failed verification outweighs what could not be verified at all. */
function exitOf(outcomes: readonly Outcome[]): number {
  const exits = outcomes.map((outcome) => (outcome.kind === 'refused' ? outcome.refusal.exit : EXIT.done));
  const order: readonly number[] = [EXIT['not-verified'], EXIT['no-quorum'], EXIT.usage, EXIT['nothing-to-verify']];
  return order.find((exit) => exits.includes(exit)) ?? Math.max(...exits);
}
