import { verifyTlogInclusion, type Bundle } from '#libs/verify';
import { note, type Context } from '../context.js';
import { evidenceJson, evidenceLine, writeEvidence, type WrittenEvidence } from '../evidence-file.js';
import { EXIT } from '../failure.js';
import { plain } from '../lines.js';
import { tlogKeys } from '../log-verifiers.js';
import type { PolicyFile } from '../policy-file.js';
import type { Trust } from '../trust-config.js';
import { logAddresses } from '../views/log-addresses.js';
import { reportToWitnesses, viewOf, type WitnessReport } from './witness-report.js';

/** What the witnesses said to the checkpoints of one bundle. */
export interface Reported {
  /** What it adds to the exit code: proof outweighs everything, a suspicion outweighs success. */
  readonly exit: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly json: readonly object[];
}

/** What became of one checkpoint. */
interface CheckpointReport {
  readonly origin: string;
  readonly size: bigint;
  readonly witnesses: readonly WitnessReport[];
  readonly written: readonly WrittenEvidence[];
}

/** Hands the checkpoints of bundles to the witnesses of a policy, each checkpoint once. */
export class Reporter {
  readonly #reports = new Map<string, Promise<CheckpointReport>>();
  /** Lists of addresses of which the user knows what they learn. */
  readonly #disclosed = new Set<string>();

  constructor(
    private readonly trust: Trust,
    private readonly policy: PolicyFile,
    private readonly context: Context,
  ) {}

  /** The bundle was verified, but perhaps for its quorum. */
  async report({ tlogEntries }: Bundle): Promise<Reported> {
    const reports: CheckpointReport[] = [];
    for (const entry of tlogEntries) {
      const text = entry.inclusionProof?.checkpoint;
      const { log, checkpoint } = verifyTlogInclusion(entry, this.trust.trustedRoot.tlogs);
      const logs = tlogKeys(log);
      // Rekor v1 has another name in its checkpoints than its key has, and no witnesses.
      if (!text || !checkpoint || !logs.some(({ name }) => name === checkpoint.origin)) continue;
      const { origin, size } = checkpoint;
      const known = this.#reports.get(text);
      const made = known ?? this.#send(text, { logs, origin, size });
      this.#reports.set(text, made);
      reports.push(await made);
    }
    return { exit: exitOf(reports), fields: reportFields(reports), json: reportsJson(reports) };
  }

  async #send(
    text: string,
    { logs, origin, size }: { logs: ReturnType<typeof tlogKeys>; origin: string; size: bigint },
  ): Promise<CheckpointReport> {
    const { policy, trust, context } = this;
    const { witnesses } = policy.policy;
    const keys = { logs, witnesses: witnesses.map(({ key }) => key), source: trust.source };
    const addresses = logAddresses(origin, trust, policy);
    const asked = witnesses.flatMap(({ url }) => url ?? []).map(plain);
    const read = addresses.length === 0 ? '' : `, and tiles are read from ${addresses.map(plain).join(', ')}`;
    const head = `${plain(origin)}, size ${size}`;
    const to = `${asked.join(', ') || 'nobody'}${read}`;
    // Of many files it is said once what that means, and of each what is sent.
    if (this.#disclosed.has(to)) note(context, `--report: the checkpoint (${head}) goes to the same.`);
    else {
      note(
        context,
        `--report: the checkpoint (${head}) goes to ${to}. ` +
          'That tells all of them that somebody with your IP address verified something that was in this log at about that size; ' +
          'not what, and not whose.',
      );
    }
    this.#disclosed.add(to);
    const reports = await reportToWitnesses(viewOf(text, keys, addresses), { policy, keys, logs: addresses }, context);
    const written: WrittenEvidence[] = [];
    for (const evidence of reports.flatMap((report) => report.evidence)) {
      const file = await writeEvidence(evidence, context);
      if (!written.some(({ path, summary }) => path === file.path && summary === file.summary)) written.push(file);
    }
    return { origin, size, witnesses: reports, written };
  }
}

function exitOf(reports: readonly CheckpointReport[]): number {
  const outcomes = reports.flatMap(({ witnesses }) => witnesses.map(({ outcome }) => outcome));
  if (outcomes.includes('contradicts')) return EXIT.misbehaviour;
  return outcomes.includes('not-linked') ? EXIT['not-verified'] : EXIT.done;
}

const MARKS = { tallies: '✓', contradicts: '✗', 'not-linked': '✗', silent: '!' } as const;

function reportFields(reports: readonly CheckpointReport[]): (readonly [string, string])[] {
  return reports.flatMap(({ witnesses, written }) => {
    const lines = witnesses.map(({ name, outcome, detail }) => `${plain(name)} ${MARKS[outcome]} ${plain(detail)}`);
    const shown = [['report', lines.join('\n')] as const];
    const files = written.map(evidenceLine);
    return files.length === 0 ? shown : [...shown, ['evidence', files.join('\n')] as const];
  });
}

function reportsJson(reports: readonly CheckpointReport[]): object[] {
  return reports.map(({ origin, size, witnesses, written }) => ({
    origin,
    size,
    witnesses: witnesses.map(({ name, url, outcome, detail, size: shown }) => ({
      name,
      url,
      outcome,
      detail,
      size: shown,
    })),
    evidence: written.map(evidenceJson),
  }));
}
