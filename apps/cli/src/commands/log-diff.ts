import { toHex } from '#crypto';
import { statedTimeMs } from '#libs/evidence';
import { judgeQuorum } from '#libs/verify';
import { printResult, type Context } from '../context.js';
import { evidenceJson, evidenceLine, writeEvidence, type WrittenEvidence } from '../evidence-file.js';
import { EXIT, explain, Failure } from '../failure.js';
import { fields, marked, plain, shownAge, table } from '../lines.js';
import { loadPolicy, type PolicyFile } from '../policy-file.js';
import { findTrust, isDevelopmentOrigin } from '../trust-config.js';
import { knownKeys } from '../views/known-keys.js';
import { relateViews, sourcesFor, type ViewRelation } from '../views/relate-views.js';
import { openView, type KnownKeys, type View } from '../views/view.js';

export interface LogDiffOptions {
  readonly key?: string;
  readonly policy?: string;
}

/** One of the addresses, and what it shows. */
type Side = { readonly url: string } & (
  | { readonly view: View; readonly problem?: undefined }
  | { readonly view?: undefined; readonly problem: ReturnType<typeof explain> }
);

/** Two views, the smaller tree first. */
interface Pair {
  readonly older: View;
  readonly newer: View;
  readonly relation: ViewRelation;
  readonly written: readonly WrittenEvidence[];
}

/** Every pair is looked at. */
const VIEWS_MAX = 32;

/** `tally log diff`: whether all who show a log show the same one. */
export async function logDiff(urls: readonly string[], options: LogDiffOptions, context: Context): Promise<number> {
  if (urls.length > VIEWS_MAX) throw new Failure('usage', `${urls.length} views, at most ${VIEWS_MAX} are compared`);
  const trust = await findTrust(context);
  const policy = await loadPolicy(trust, options, context);
  const keys = knownKeys(options.key, trust, policy);
  const [log = '', ...others] = urls;
  const first = await look(log, keys, context);
  // A mirror and a witness show other logs as well.
  const same = first.view ? { ...keys, origin: first.view.checkpoint.origin } : keys;
  const sides = [first, ...(await Promise.all(others.map((url) => look(url, same, context))))];
  const views = sides.flatMap(({ view }) => (view ? [view] : []));
  const pairs: Pair[] = [];
  const silent = new Set<string>();
  for (const [i, one] of views.entries()) {
    for (const other of views.slice(i + 1)) pairs.push(await compare(one, other, views, silent, context));
  }
  const exit = exitOf(sides, pairs);
  const report = { sides, views, pairs, policy, exit };
  printResult(context, json(report, context), text(report, context));
  return exit;
}

async function look(url: string, keys: KnownKeys, context: Context): Promise<Side> {
  try {
    return { url, view: await openView(url, keys, context) };
  } catch (error) {
    context.io.signal.throwIfAborted();
    // What can't be looked at at all is no view that differs: the command line is wrong.
    if (error instanceof Failure && error.code === 'usage') throw error;
    return { url, problem: explain(error) };
  }
}

async function compare(
  one: View,
  other: View,
  views: readonly View[],
  silent: Set<string>,
  context: Context,
): Promise<Pair> {
  const [older, newer] = one.checkpoint.size <= other.checkpoint.size ? [one, other] : [other, one];
  if (areOfTwoLogs(older, newer)) {
    const reason = `they are of two logs, ${older.checkpoint.origin} and ${newer.checkpoint.origin}`;
    return { older, newer, relation: { kind: 'unlinked', reason, unreachable: false }, written: [] };
  }
  const relation = await relateViews(older, newer, sourcesFor(newer, views), context, silent);
  const written: WrittenEvidence[] = [];
  if (relation.kind === 'equivocation') {
    for (const evidence of relation.evidence) written.push(await writeEvidence(evidence, context));
  }
  return { older, newer, relation, written };
}

function areOfTwoLogs(one: View, other: View): boolean {
  return one.checkpoint.origin !== other.checkpoint.origin;
}

/** Proof of a lie outweighs a suspicion, and that outweighs what could not be looked at. */
function exitOf(sides: readonly Side[], pairs: readonly Pair[]): number {
  const relations = pairs.map(({ relation }) => relation);
  if (relations.some(({ kind }) => kind === 'equivocation')) return EXIT.misbehaviour;
  const problems = sides.flatMap(({ problem }) => (problem ? [problem.exit] : []));
  const suspicious = relations.some((relation) => relation.kind === 'unlinked' && !relation.unreachable);
  if (suspicious) return EXIT['not-verified'];
  const unreachable = relations.some(({ kind }) => kind === 'unlinked');
  return (
    problems.find((exit) => exit !== EXIT.unavailable) ?? (unreachable ? EXIT.unavailable : (problems[0] ?? EXIT.done))
  );
}

interface Report {
  readonly sides: readonly Side[];
  readonly views: readonly View[];
  readonly pairs: readonly Pair[];
  readonly policy: PolicyFile | undefined;
  readonly exit: number;
}

/** What a view is to the others. */
function verdictOn(view: View, { views, pairs }: Report): { verdict: string; lag: bigint } {
  const mine = pairs.filter(({ older, newer }) => older === view || newer === view).map(({ relation }) => relation);
  const largest = views.reduce((max, { checkpoint: { size } }) => (size > max ? size : max), 0n);
  const lag = largest - view.checkpoint.size;
  if (mine.some(({ kind }) => kind === 'equivocation')) return { verdict: 'diverges', lag };
  if (mine.some(({ kind }) => kind === 'unlinked')) return { verdict: 'not linked', lag };
  if (mine.length === 0) return { verdict: 'alone', lag };
  return { verdict: lag === 0n ? 'tallies' : 'tallies, behind', lag };
}

/** By the newest time that any signature in it states. */
function ageSeconds({ heads, cosigned }: View, now: Date): number | undefined {
  const stated = [...heads, ...cosigned].map(statedTimeMs).filter((time) => time !== undefined);
  return stated.length === 0 ? undefined : (now.getTime() - Math.max(...stated.map(Number))) / 1000;
}

function witnessNames(view: View, policy: PolicyFile | undefined): string[] {
  if (policy === undefined) return [];
  const { witnesses } = judgeQuorum(policy.policy, view.note);
  return witnesses.filter(({ state }) => state === 'cosigned').map(({ name }) => name);
}

function json(report: Report, { io }: Context): object {
  const { sides, views, pairs, policy, exit } = report;
  return {
    tally: exit === EXIT.done,
    origin: views[0]?.checkpoint.origin,
    views: sides.map(({ url, view, problem }) => {
      if (view === undefined) {
        return { url, verdict: wordFor(problem.exit), error: { code: problem.code, message: problem.message } };
      }
      const { origin, size, root } = view.checkpoint;
      const { verdict, lag } = verdictOn(view, report);
      const age = ageSeconds(view, io.now());
      const shown = { origin, size, root: toHex(root), lag, ageSeconds: age, witnesses: witnessNames(view, policy) };
      return { url, address: view.url, verdict: verdict.split(',')[0], ...shown };
    }),
    pairs: pairs.map(({ older, newer, relation, written }) => ({
      older: older.url,
      newer: newer.url,
      relation: relation.kind,
      ...(relation.kind === 'unlinked' && { reason: relation.reason, unreachable: relation.unreachable }),
      ...(relation.kind === 'equivocation' && { firstDifference: relation.firstDifference }),
      evidence: written.map(evidenceJson),
    })),
    exit,
  };
}

function wordFor(exit: number): string {
  return exit === EXIT.unavailable ? 'unreachable' : 'not verified';
}

function text(report: Report, context: Context): string {
  const { sides, views, policy, exit } = report;
  const { io } = context;
  const rows = sides.map(({ url, view, problem }) => {
    if (view === undefined) return [url, '-', '-', '-', '-', '-', wordFor(problem.exit)];
    const { verdict, lag } = verdictOn(view, report);
    const { size, root } = view.checkpoint;
    const age = ageSeconds(view, io.now());
    return [
      url,
      `${size}`,
      `${toHex(root).slice(0, 12)}…`,
      age === undefined ? '-' : shownAge(age),
      `${lag}`,
      policy === undefined ? '-' : `${witnessNames(view, policy).length} of ${policy.policy.witnesses.length}`,
      verdict,
    ];
  });
  const origin = views[0]?.checkpoint.origin;
  const mark = exit === EXIT.done ? 'ok' : exit === EXIT.unavailable ? 'warn' : 'fail';
  const development = origin !== undefined && isDevelopmentOrigin(origin);
  return (
    marked(mark, `${origin === undefined ? 'no view' : plain(origin)}: ${headline(report)}`, io.stdout, io.env) +
    table(['view', 'size', 'root', 'age', 'lag', 'witnesses', 'verdict'], rows) +
    problems(report, context) +
    (development ? fields([['trust', 'development trust, all witnesses under one owner']]) : '')
  );
}

function headline({ sides, views, pairs, exit }: Report): string {
  if (exit === EXIT.misbehaviour) return 'it was signed with two histories';
  if (exit === EXIT['not-verified']) return 'not all views could be shown to be of one history';
  if (views.length < sides.length) return `${views.length} of ${sides.length} views could be looked at`;
  if (pairs.some(({ relation }) => relation.kind === 'unlinked')) return 'not all tiles could be read';
  return `all ${views.length} views tally`;
}

function problems({ sides, pairs }: Report, { io }: Context): string {
  const lines = sides.flatMap(({ problem }) => {
    if (problem === undefined) return [];
    const next = problem.next === undefined ? '' : `\n${problem.next}`;
    return [
      marked(
        problem.exit === EXIT.unavailable ? 'warn' : 'fail',
        `${plain(problem.message)}${next}`,
        io.stdout,
        io.env,
      ),
    ];
  });
  const differing = pairs.map(({ older, newer, relation, written }) => {
    const [a, b] = [`${older.url} (size ${older.checkpoint.size})`, `${newer.url} (size ${newer.checkpoint.size})`];
    if (relation.kind === 'consistent') return '';
    if (relation.kind === 'unlinked') {
      const what = areOfTwoLogs(older, newer)
        ? `${a} and ${b} are no views of one log`
        : relation.unreachable
          ? `no tiles could be fetched that link ${a} and ${b}`
          : `${a} and ${b} could not be linked, which proves nothing, and should not happen`;
      return marked(relation.unreachable ? 'warn' : 'fail', `${what}: ${plain(relation.reason)}`, io.stdout, io.env);
    }
    const at = relation.firstDifference;
    const where = at === undefined ? 'not both show where they part' : `they first differ at entry ${at}`;
    const files = written.map(evidenceLine).join('\n');
    return marked('fail', `${a} and ${b} contradict each other; ${where}\n${files}`, io.stdout, io.env);
  });
  const evidence = pairs.some(({ written }) => written.length > 0)
    ? '  who has such a file can show it to anybody: tally evidence verify FILE\n'
    : '';
  return [...lines, ...differing, evidence].join('');
}
