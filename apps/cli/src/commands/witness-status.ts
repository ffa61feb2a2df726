import { fetchCosignedCheckpoint, fetchWitnessStatus, type CallOptions, type WitnessStatus } from '#libs/client';
import type { ProvenEvidence } from '#libs/evidence';
import { formatVerifierKey, parseNote } from '#libs/note';
import { judgeQuorum } from '#libs/verify';
import { parseCheckpoint, type TlogPolicy } from '#libs/tlog';
import { printResult, type Context } from '../context.js';
import { EXIT, explain, Failure } from '../failure.js';
import { fields, marked, plain, shownAge, shownTime, table } from '../lines.js';
import { logKeys } from '../log-verifiers.js';
import { loadPolicy, type PolicyFile } from '../policy-file.js';
import { frozenEvidence } from '../report/frozen-evidence.js';
import { findTrust, isUrl, type Trust } from '../trust-config.js';

/** What the witness shows of one log of the policy, in its own signature or not. */
interface Monitored {
  readonly origin: string;
  /** Undefined: it has cosigned nothing of it. */
  readonly size: bigint | undefined;
  readonly cosignedAt: Date | undefined;
  /** Why what it shows can't be taken for its word. */
  readonly problem: string | undefined;
}

interface Report {
  readonly url: string;
  readonly status: WitnessStatus | undefined;
  readonly monitored: readonly Monitored[];
  readonly policy: PolicyFile | undefined;
  /** The name under which the policy has it; undefined when it is none of its witnesses. */
  readonly named: string | undefined;
  /** Against keys of our trust, with what the witness has to show for it. */
  readonly proven: readonly ProvenEvidence[];
  readonly problems: readonly string[];
}

/** `tally witness status`: who a witness is, what it has cosigned, and what it has frozen. */
export async function witnessStatus(
  url: string,
  options: { readonly policy?: string },
  context: Context,
): Promise<number> {
  if (!isUrl(url) || !URL.canParse(url)) {
    throw new Failure('usage', `${url} is not the URL of a witness`, 'it is like https://witness.example.org');
  }
  const trust = await findTrust(context);
  const policy = await loadPolicy(trust, options, context);
  const call = { signal: context.io.signal };
  const status = await fetchWitnessStatus(url, call);
  const report = await examine(url, status, trust, policy, call);
  if (status === undefined && report.monitored.every(({ size }) => size === undefined)) throw nothing(report);
  const exit =
    report.proven.length > 0 ? EXIT.misbehaviour : report.problems.length > 0 ? EXIT['not-verified'] : EXIT.done;
  printResult(context, { ...json(report), exit }, text(report, exit, context));
  return exit;
}

async function examine(
  url: string,
  status: WitnessStatus | undefined,
  trust: Trust | undefined,
  policy: PolicyFile | undefined,
  call: CallOptions,
): Promise<Report> {
  const named = policy && nameIn(policy.policy, url, status);
  const logs = policy?.policy.logs.map(({ key }) => key.name) ?? [];
  const monitored = await Promise.all(logs.map((origin) => monitor(url, origin, named, policy, call)));
  const trusted = [
    ...(trust ? logKeys(trust.trustedRoot) : []),
    ...(policy ? [...policy.policy.logs, ...policy.policy.witnesses].map(({ key }) => key) : []),
  ];
  const proven = await frozenEvidence(url, status?.frozen ?? [], trusted, call);
  const problems = monitored.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  return {
    url,
    status,
    monitored,
    policy,
    named,
    proven,
    problems: [...problems, ...keyProblems(policy, named, status)],
  };
}

/** By its address or one of its keys. */
function nameIn({ witnesses }: TlogPolicy, url: string, status: WitnessStatus | undefined): string | undefined {
  const base = url.replace(/\/+$/, '');
  const byKey = witnesses.find(({ key }) => status?.verifierKeys.includes(formatVerifierKey(key)));
  return (byKey ?? witnesses.find((witness) => witness.url?.replace(/\/+$/, '') === base))?.name;
}

function keyProblems(
  policy: PolicyFile | undefined,
  named: string | undefined,
  status: WitnessStatus | undefined,
): string[] {
  const witness = policy?.policy.witnesses.find(({ name }) => name === named);
  if (witness === undefined || status === undefined || status.verifierKeys.length === 0) return [];
  const vkey = formatVerifierKey(witness.key);
  return status.verifierKeys.includes(vkey)
    ? []
    : [`it has another key than ${plain(policy?.source ?? '')} says of ${plain(witness.name)}: ${plain(vkey)}`];
}

/** tlog-witness, "Monitor Retrieval Mechanism": what every witness has. */
async function monitor(
  url: string,
  origin: string,
  named: string | undefined,
  policy: PolicyFile | undefined,
  call: CallOptions,
): Promise<Monitored> {
  const none = { origin, size: undefined, cosignedAt: undefined, problem: undefined };
  try {
    const note = await fetchCosignedCheckpoint(url, origin, call);
    if (note === undefined || policy === undefined) return none;
    const { size } = parseCheckpoint(parseNote(note).text);
    const { witnesses, otherLog } = judgeQuorum(policy.policy, note);
    if (otherLog) return { ...none, problem: `what it shows of ${origin} is not signed by that log` };
    const state = witnesses.find(({ name }) => name === named);
    if (state?.timestamp !== undefined) {
      const cosignedAt = new Date(Number(state.timestamp) * 1000);
      if (!Number.isNaN(cosignedAt.getTime())) return { origin, size, cosignedAt, problem: undefined };
      return { ...none, size, problem: `it cosigned ${origin} at ${state.timestamp} s, which is no date` };
    }
    const problem = named === undefined ? undefined : `what it shows of ${origin} is not signed by the key of ${named}`;
    return { origin, size, cosignedAt: undefined, problem };
  } catch (error) {
    call.signal?.throwIfAborted();
    return { ...none, problem: explain(error).message };
  }
}

function nothing({ url, policy, problems }: Report): Failure {
  if (problems[0] !== undefined) return new Failure('unavailable', problems[0], 'is that the address of a witness?');
  return new Failure(
    'nothing-to-verify',
    policy === undefined
      ? `${url} has no status page, and there is no tlog-policy that says which logs to ask it about`
      : `${url} has no status page, and shows no checkpoint of any log of ${policy.source}`,
    policy === undefined
      ? 'name one with --policy, or the trust of a deployment with --trust-config'
      : 'is that the address of a witness?',
  );
}

interface Row {
  readonly origin: string;
  readonly size: bigint | undefined;
  readonly cosignedAt: Date | undefined;
  readonly frozen: boolean;
}

/** What is verified goes before what the witness says of itself. */
function rows({ status, monitored }: Report): Row[] {
  const frozen = new Set(status?.frozen.map(({ origin }) => origin));
  const verified = monitored
    .filter(({ size, cosignedAt }) => size !== undefined && cosignedAt !== undefined)
    .map(({ origin, size, cosignedAt }) => ({ origin, size, cosignedAt, frozen: frozen.has(origin) }));
  const said = (status?.logs ?? []).filter(({ origin }) => !verified.some((row) => row.origin === origin));
  return [...verified, ...said];
}

function json(report: Report): object {
  const { url, status, policy, named, proven, problems } = report;
  return {
    url,
    name: status?.name ?? named,
    policy: policy && { source: policy.source, name: named },
    status: status && {
      name: status.name,
      profile: status.profile,
      startedAt: status.startedAt?.toISOString(),
      verifierKeys: status.verifierKeys,
      logCount: status.logCount,
      frozen: status.frozen,
      outdated: status.outdated,
      peers: status.peers,
    },
    logs: rows(report).map(({ origin, size, cosignedAt, frozen }) => ({
      origin,
      size,
      cosignedAt: cosignedAt?.toISOString(),
      frozen,
    })),
    proven: proven.map(({ summary, origin, role }) => ({ origin, role, summary })),
    problems,
  };
}

function text(report: Report, exit: number, { io }: Context): string {
  const { url, status, policy, named, proven, problems } = report;
  const name = plain(status?.name || named || url);
  const mark =
    exit !== EXIT.done ? 'fail' : (status?.frozen.length ?? 0) + (status?.outdated.length ?? 0) > 0 ? 'warn' : 'ok';
  const shown = rows(report).map(({ origin, size, cosignedAt, frozen }) => [
    origin,
    size === undefined ? '-' : `${size}`,
    cosignedAt === undefined ? 'never' : `${shownAge((io.now().getTime() - cosignedAt.getTime()) / 1000)} ago`,
    frozen ? 'frozen' : '',
  ]);
  return (
    marked(mark, `${name}: ${headline(report)}`, io.stdout, io.env) +
    fields([
      ['address', plain(url)],
      ['policy', policy && `${named === undefined ? 'no witness' : plain(named)} of ${policy.source}`],
      ['keys', status?.verifierKeys.map(shownKey).join('\n')],
      ['running', status?.startedAt && `since ${shownTime(status.startedAt)}${profile(status)}`],
      ['logs', status && `${status.logCount}`],
      [
        'frozen',
        list(status?.frozen.map(({ origin, reason, evidencePath }) => frozenLine(origin, reason, url, evidencePath))),
      ],
      ['proven', list(proven.map(({ summary }) => plain(summary)))],
      ['forgotten', list(status?.outdated.map(({ origin, why }) => `${plain(origin)}: ${plain(why)}`))],
      ['peers', status?.peers && (list(status.peers.map(peerLine)) ?? 'none: it gossips with nobody')],
      ['problem', list(problems.map(plain))],
    ]) +
    (shown.length === 0 ? '' : table(['log', 'size', 'cosigned', ''], shown))
  );
}

function headline({ status, proven, problems }: Report): string {
  if (proven.length > 0) return 'it has proof that a log or a witness of your trust misbehaved';
  if (problems.length > 0) return 'what it shows is not what it should be';
  if (status === undefined) return 'it answers; it has no status page';
  if (status.frozen.length > 0) return 'it has frozen logs';
  return status.outdated.length > 0 ? 'it has forgotten what it cosigned' : 'it runs';
}

/** A post-quantum key would fill the screen. */
function shownKey(vkey: string): string {
  return plain(vkey.length <= 200 ? vkey : `${vkey.slice(0, 120)}…`);
}

function profile({ profile: said }: WitnessStatus): string {
  return said === 'development' ? ', development: its keys prove nothing to others' : '';
}

function frozenLine(origin: string, reason: string, url: string, evidencePath: string | undefined): string {
  const evidence = evidencePath === undefined ? '' : `; evidence at ${url.replace(/\/+$/, '')}${evidencePath}`;
  return plain(`${origin}: ${reason}${evidence}`);
}

function peerLine({ id, address, witness }: { id: string; address: string; witness: string }): string {
  return plain([witness || id, address].filter((part) => part !== '').join(' at '));
}

function list(lines: readonly string[] | undefined): string | undefined {
  return lines === undefined || lines.length === 0 ? undefined : lines.join('\n');
}
