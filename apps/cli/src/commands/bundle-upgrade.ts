import { existsSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { utf8Decode } from '#libs/crypto';
import { judgeQuorum, parseBundle, replaceInclusionProof, verifyTlogInclusion } from '#libs/verify';
import { bundlePathOf, readBundleFile, writeBundleText } from '../bundle-file.js';
import { note, printResult, type Context } from '../context.js';
import { evidenceJson, evidenceLine, writeEvidence, type WrittenEvidence } from '../evidence-file.js';
import { EXIT, Failure } from '../failure.js';
import { fields, marked, plain, shellWord, typed } from '../lines.js';
import { loadPolicy, type PolicyFile, type PolicyOptions } from '../policy-file.js';
import { loadTrust, type Trust } from '../trust-config.js';
import { newerProof, type NewerProof } from '../upgrade/newer-proof.js';
import { policedFields, policedJson, type Policed } from '../verdict.js';

export interface BundleUpgradeOptions extends PolicyOptions {
  readonly log?: string;
  readonly output?: string;
}

/** The bundle's text with newer proofs, and what became of each entry that has one. */
interface Upgraded {
  readonly text: string;
  readonly entries: readonly NewerProof[];
}

/**
 * `tally bundle upgrade`: the same bundle with a newer checkpoint. Everything is fetched and verified before anything is
 * written: the old tree is a prefix of the new one, the entry is in it, and the witnesses of the policy cosigned it.
 */
export async function bundleUpgrade(file: string, options: BundleUpgradeOptions, context: Context): Promise<number> {
  const path = await bundleNamed(file, context);
  const output = options.output ?? path;
  await requireNoOtherFile(output, context);
  const { bytes } = await readBundleFile(path, context);
  const trust = await loadTrust(context);
  const policy = await loadPolicy(trust, options, context);
  const before = utf8Decode(bytes);
  const upgraded = await upgrade(before, path, { trust, policy, log: options.log }, context);
  if ('evidence' in upgraded) return accuse(path, upgraded.evidence, context);

  const policed = policy && police(upgraded, policy);
  if (policed && !policed.quorum.met) return refuse(path, upgraded, policed, context);
  const changed = upgraded.text !== before;
  if (changed || output !== path) await writeBundleText(output, upgraded.text, context);
  print(path, output, upgraded, policed, changed, context);
  return EXIT.done;
}

/** FILE stands for the bundle beside it, as with `tally verify`; a bundle for itself. */
async function bundleNamed(file: string, { io }: Context): Promise<string> {
  const beside = bundlePathOf(file);
  if (existsSync(resolve(io.cwd, beside))) return beside;
  return file.endsWith('.json') || (await isObject(resolve(io.cwd, file))) ? file : beside;
}

/** Whether a file begins as JSON of an object does. */
async function isObject(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
      return /^\s*\{/.test(buffer.toString('latin1', 0, bytesRead));
    } finally {
      await file.close();
    }
  } catch {
    return false; // what can't be read is told of where it is read
  }
}

/** Not the very file that the bundle is about, and no device, which a rename would replace. @throws Failure usage */
async function requireNoOtherFile(output: string, { io }: Context): Promise<void> {
  const absolute = resolve(io.cwd, output);
  const found = await stat(absolute).catch(() => undefined);
  if (found === undefined || (found.isFile() && (await isObject(absolute)))) return;
  throw new Failure('usage', `${output} is there, and is no bundle: it would be lost`, 'name another with --output');
}

async function upgrade(
  json: string,
  path: string,
  terms: { readonly trust: Trust; readonly policy: PolicyFile | undefined; readonly log: string | undefined },
  context: Context,
): Promise<Upgraded | { readonly evidence: readonly WrittenEvidence[] }> {
  const { tlogs } = terms.trust.trustedRoot;
  const bundle = parseBundle(json);
  const entries: NewerProof[] = [];
  let text = json;
  for (const [i, entry] of bundle.tlogEntries.entries()) {
    const newer = await newerProof(entry, terms, context);
    if (newer === undefined) continue; // it rests on a promise alone
    if (newer.kind === 'equivocation') {
      const written: WrittenEvidence[] = [];
      for (const evidence of newer.evidence) written.push(await writeEvidence(evidence, context));
      return { evidence: written };
    }
    entries.push(newer);
    if (newer.changed) text = replaceInclusionProof(text, i, newer.proof);
  }
  if (entries.length === 0) {
    throw new Failure(
      'nothing-to-verify',
      `${path} has no log entry with an inclusion proof: there is nothing to upgrade`,
    );
  }
  // What was written is read as everybody will read it.
  for (const entry of parseBundle(text).tlogEntries) {
    if (entry.inclusionProof) verifyTlogInclusion(entry, tlogs);
  }
  return { text, entries };
}

/** One entry with a quorum is enough, as `tally verify` has it. */
function police({ entries }: Upgraded, policy: PolicyFile): Policed {
  const verdicts = entries.map(({ proof }) => judgeQuorum(policy.policy, proof.checkpoint));
  const [first = judgeQuorum(policy.policy, undefined)] = verdicts;
  return { policy, quorum: verdicts.find(({ met }) => met) ?? first };
}

function accuse(path: string, written: readonly WrittenEvidence[], context: Context): number {
  const { io } = context;
  printResult(
    context,
    {
      upgraded: false,
      bundle: path,
      evidence: written.map(evidenceJson),
      exit: EXIT.misbehaviour,
    },
    marked('fail', `${path}: the log has another history now than the one that this bundle proves`, io.stdout, io.env) +
      fields([
        ['proof', written.map(evidenceLine).join('\n')],
        ['bundle', 'not touched: keep it, its checkpoint is part of the proof'],
        ['next', 'tally evidence verify FILE checks the proof; send it to the witnesses, and to the operator'],
      ]),
  );
  return EXIT.misbehaviour;
}

function refuse(path: string, upgraded: Upgraded, policed: Policed, context: Context): number {
  const { io } = context;
  const exit = EXIT['no-quorum'];
  const { otherLog } = policed.quorum;
  const why = otherLog ? 'the policy does not name this log' : 'the newest checkpoint does not have the quorum either';
  const next = otherLog
    ? 'is that the policy of this log? --policy names another, --no-policy demands no witness'
    : `wait for the witnesses, and try again; ${typed('tally', io.env)} log info shows who cosigned the newest checkpoint`;
  printResult(
    context,
    { upgraded: false, bundle: path, policy: policedJson(policed), entries: upgraded.entries.map(entryJson), exit },
    marked('fail', `${path} not upgraded: ${why}`, io.stdout, io.env) +
      fields([...upgraded.entries.flatMap(entryFields), ...policedFields(policed), ['bundle', 'not touched']]),
  );
  if (!context.json) note(context, `  ${next}`);
  return exit;
}

function print(
  path: string,
  output: string,
  upgraded: Upgraded,
  policed: Policed | undefined,
  changed: boolean,
  context: Context,
): void {
  const { io } = context;
  const said = changed ? `${path} upgraded` : `${path} has the newest checkpoint already`;
  printResult(
    context,
    {
      upgraded: changed,
      bundle: path,
      output,
      entries: upgraded.entries.map(entryJson),
      policy: policed && policedJson(policed),
      exit: EXIT.done,
    },
    marked('ok', said, io.stdout, io.env) +
      fields([
        ['written to', output === path ? undefined : shellWord(output)],
        ...upgraded.entries.flatMap(entryFields),
        ...(policed
          ? policedFields(policed)
          : [['witnesses', 'not demanded: there is no tlog-policy, or --no-policy'] as const]),
      ]),
  );
}

function entryFields({ origin, url, proof, oldSize }: NewerProof): (readonly [string, string])[] {
  return [
    ['log', `${plain(origin)}, index ${proof.logIndex}, asked at ${plain(url)}`],
    [
      'tree',
      oldSize === proof.treeSize ? `size ${oldSize}, as before` : `size ${oldSize}, a prefix of size ${proof.treeSize}`,
    ],
  ];
}

function entryJson({ origin, url, proof, oldSize, changed }: NewerProof): object {
  return { origin, url, index: proof.logIndex, oldSize, newSize: proof.treeSize, changed };
}
