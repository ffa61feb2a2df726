import type { Identity } from '#libs/certificate';
import type { Bundle } from '#libs/verify';
import { note, type Context } from './context.js';
import { EXIT, type Explanation } from './failure.js';
import { fields, marked, plain } from './lines.js';
import type { Reported } from './report/reporter.js';
import { identityJson, policedJson, verdictFields, verdictJson, type Policed, type Verified } from './verdict.js';

/** What became of one file. */
export type Outcome = {
  readonly file: string;
  readonly bundlePath: string | undefined;
  /** Where all but the quorum verifies, and there is something to tell witnesses of. */
  readonly bundle: Bundle | undefined;
  /** With --report: what they said. */
  readonly reported?: Reported | undefined;
} & (
  | { readonly kind: 'verified'; readonly verified: Verified }
  | {
      readonly kind: 'refused';
      readonly refusal: Explanation;
      /** Whom the certificate names, where that is why it was refused. */
      readonly identity: Identity | undefined;
      /** Who cosigned and who did not, where that is why. */
      readonly policed: Policed | undefined;
    }
);

export function printOutcome(outcome: Outcome, context: Context): void {
  const { stdout, env } = context.io;
  const { file, reported } = outcome;
  const reports = reported?.fields ?? [];
  if (outcome.kind === 'verified') {
    const shown = fields([...verdictFields(outcome.verified), ...reports]);
    stdout.write(
      marked(reported && reported.exit !== EXIT.done ? 'fail' : 'ok', `${file} ${said(outcome)}`, stdout, env) + shown,
    );
    return;
  }
  const { code, message, next } = outcome.refusal;
  const why = fields([
    ['check', code],
    ['reason', plain(message)],
    ['policy', outcome.policed?.policy.source],
    ...reports,
  ]);
  stdout.write(marked('fail', `${file} ${said(outcome)}`, stdout, env) + why);
  if (next !== undefined) note(context, next.replaceAll(/^/gm, '  '));
}

/** A signature may be in order, and the log that it is in a liar. */
function said({ kind, reported }: Outcome): string {
  const verified = kind === 'verified' ? 'verified' : 'not verified';
  if (reported?.exit === EXIT.misbehaviour)
    return `${verified}, and its log shows others another history: that is proven`;
  if (reported?.exit === EXIT['not-verified'])
    return `${verified}, and its log could not be shown to tally with its witnesses`;
  return verified;
}

export function outcomeJson(outcome: Outcome): object {
  const { file, bundlePath: bundle, reported } = outcome;
  const report = reported?.json;
  if (outcome.kind === 'verified') return { file, bundle, verified: true, ...verdictJson(outcome.verified), report };
  const { code, message, next } = outcome.refusal;
  const identity = outcome.identity && identityJson(outcome.identity);
  const policy = outcome.policed && policedJson(outcome.policed);
  return { file, bundle, verified: false, identity, policy, error: { code, message, next }, report };
}

/** Proof of a lie comes first; one failed verification outweighs what could not be verified at all. */
export function exitOf(outcomes: readonly Outcome[]): number {
  const exits = outcomes.flatMap((outcome) => [
    outcome.kind === 'refused' ? outcome.refusal.exit : EXIT.done,
    outcome.reported?.exit ?? EXIT.done,
  ]);
  const order: readonly number[] = [
    EXIT.misbehaviour,
    EXIT['not-verified'],
    EXIT['no-quorum'],
    EXIT.usage,
    EXIT['nothing-to-verify'],
  ];
  return order.find((exit) => exits.includes(exit)) ?? Math.max(...exits);
}
