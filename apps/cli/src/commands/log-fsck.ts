import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { toHex } from '#crypto';
import {
  detectLeafKind,
  EMPTY_EDGE,
  rederive,
  type Checkpoint,
  type Difference,
  type DifferenceCode,
  type LeafKind,
  type Rederived,
} from '#libs/tlog';
import { printResult, note as say, type Context } from '../context.js';
import { EXIT, Failure } from '../failure.js';
import { authorityOf, openHead, type Authority } from '../fsck/log-head.js';
import { openLogFiles, type LogSource } from '../fsck/log-source.js';
import { readState, writeState, type FsckState } from '../fsck/state-file.js';
import { fields, marked, plain } from '../lines.js';
import { loadPolicy } from '../policy-file.js';
import { grouped, ProgressBar } from '../progress-bar.js';
import { logUrl } from '../signing-services.js';
import { findTrust } from '../trust-config.js';

export interface LogFsckOptions {
  readonly log?: string;
  readonly key?: string;
  readonly policy?: string;
  readonly kind?: string;
  readonly state?: string;
}

/** What is checked, and where it begins. */
interface Check {
  readonly source: LogSource;
  readonly authority: Authority | undefined;
  readonly note: Uint8Array;
  readonly checkpoint: Checkpoint;
  readonly kind: LeafKind;
  readonly statePath: string | undefined;
  /** Of an earlier run. */
  readonly state: FsckState | undefined;
  readonly earlier: Checkpoint | undefined;
}

interface Finding {
  readonly difference: Difference | undefined;
  readonly done: Rederived;
}

const SAVED_EVERY_MS = 2_000;
/** `--kind`, as the log's own settings name them. */
const KINDS: Readonly<Record<string, LeafKind>> = { rekor: 'entries', entries: 'entries', ct: 'data' };

const PROBLEMS: Readonly<Record<DifferenceCode, string>> = {
  'missing-file': 'the tree of the checkpoint has it, the log does not serve it',
  'malformed-file': 'it does not hold what it should',
  'entry-differs': 'an entry that is not the one in the tree; this is what it hashes to',
  'hash-differs': 'a hash that is not the one that what is below it leads to',
  'root-differs': 'all files fit each other, and lead to another root than the checkpoint has',
  'leaf-index-differs': 'the SCT of an entry names another index than the one that it has',
  'issuer-differs': 'a certificate under the fingerprint of another',
  'checkpoint-behind': 'it is older than one that was seen before',
  'earlier-root-differs': 'the log has another history than the one that a checkpoint seen before was of',
};

/** `tally log fsck`: the whole log derived anew from what it serves, and the first thing that differs. */
export async function logFsck(given: string | undefined, options: LogFsckOptions, context: Context): Promise<number> {
  const check = await prepare(given, options, context);
  const { difference, done } = await walk(check, context);
  const exit =
    difference === undefined ? EXIT.done : isProvenFork(difference, check) ? EXIT.misbehaviour : EXIT['not-verified'];
  printResult(context, json(check, done, difference, exit), text(check, done, difference, exit, context));
  return exit;
}

async function prepare(given: string | undefined, options: LogFsckOptions, context: Context): Promise<Check> {
  const { state: statePath, kind: kindName } = options;
  const givenKind = kindName === undefined ? undefined : KINDS[kindName];
  if (kindName !== undefined && givenKind === undefined) {
    throw new Failure('usage', `--kind is ${JSON.stringify(kindName)}, it should be rekor or ct`);
  }
  const trust = options.key === undefined ? await findTrust(context) : undefined;
  const policy = options.key === undefined ? await loadPolicy(trust, options, context) : undefined;
  const authority = authorityOf(options.key, trust, policy);
  const named = given ?? options.log;
  if (named === undefined && trust === undefined) {
    throw new Failure(
      'usage',
      'no log is named, and there is no trust config that names one',
      'give its URL or its folder',
    );
  }
  const address = named ?? logUrl(trust as NonNullable<typeof trust>, context.io.now());
  const origins = new Set(authority?.verifiers.map(({ name }) => name));
  const { source, note } = await openLogFiles(address, [...origins], context);
  const checkpoint = openHead(note, source.address, authority);
  const state = statePath === undefined ? undefined : await readState(statePath, context);
  if (state && (state.origin !== checkpoint.origin || (givenKind ?? state.kind) !== state.kind)) {
    const of = `${plain(state.origin)}, kind ${kindNamed(state.kind)}`;
    throw new Failure(
      'usage',
      `${statePath} is the state of another log (${of}) than ${plain(checkpoint.origin)}`,
      'give each log a state file of its own',
    );
  }
  // What serves neither is looked at as if it were of entries: then what is missing has a name.
  const kind = givenKind ?? state?.kind ?? (await detectLeafKind(checkpoint.size, source.fetch)) ?? 'entries';
  const earlier = state && openHead(state.checkpoint, `${statePath}`, undefined);
  return { source, authority, note, checkpoint, kind, statePath, state, earlier };
}

async function walk(check: Check, context: Context): Promise<Finding> {
  const { checkpoint, source, kind, state, earlier, statePath } = check;
  const { edge: from } = state ?? { edge: EMPTY_EDGE };
  const issuers = new Set(state?.issuers);
  const bar = new ProgressBar(context.io, 'entries', Number(checkpoint.size - from.size));
  let done: Rederived = { edge: from, files: 0, bytes: 0 };
  const save = async (): Promise<void> => {
    if (statePath === undefined) return;
    const { edge } = done;
    // The oldest checkpoint that the edge has not reached yet: it must not be forgotten before it was compared.
    const kept = state && earlier && edge.size < earlier.size ? state.checkpoint : check.note;
    const { origin } = checkpoint;
    await writeState(statePath, { origin, kind, edge, checkpoint: kept, issuers: [...issuers] }, context);
  };

  if (state === undefined) await save(); // a state that can't be written is better known now than after hours
  let saved = performance.now();
  const rest = rederive({ checkpoint, kind, fetch: source.fetch, from, issuers, ...(earlier ? { earlier } : {}) });
  try {
    for (;;) {
      const { done: ended, value } = await rest.next();
      if (ended) {
        bar.clear();
        if (value === undefined || isTrustworthySoFar(value)) await save();
        else await restore(check, context);
        return { difference: value, done };
      }
      done = value;
      bar.update(Number(done.edge.size - from.size));
      context.io.signal.throwIfAborted();
      if (performance.now() - saved < SAVED_EVERY_MS) continue;
      await save();
      saved = performance.now();
    }
  } catch (error) {
    bar.clear();
    await rest.return(undefined);
    await save();
    const next = statePath === undefined ? 'nothing is kept: there is no --state' : `run it again to go on there`;
    say(context, `stopped after ${done.edge.size} of ${checkpoint.size} entries; ${next}`);
    throw error;
  }
}

/** Whether what was read before the difference needs not be read again: nothing says that it was wrong too. */
function isTrustworthySoFar({ code, proven }: Difference): boolean {
  if (code === 'checkpoint-behind' || code === 'earlier-root-differs') return false;
  return proven || code === 'missing-file' || code === 'malformed-file' || code === 'leaf-index-differs';
}

async function restore({ statePath, state }: Check, context: Context): Promise<void> {
  if (statePath === undefined) return;
  if (state) await writeState(statePath, state, context);
  else await rm(resolve(context.io.cwd, statePath), { force: true });
}

/** Two signed checkpoints that no one history has: only with both signatures is it the log that did it. */
function isProvenFork({ code, proven }: Difference, { authority, state }: Check): boolean {
  if (code !== 'earlier-root-differs' || !proven || authority === undefined || state === undefined) return false;
  try {
    openHead(state.checkpoint, '', authority);
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

function json(
  { source, authority, checkpoint, kind, state }: Check,
  done: Rederived,
  difference: Difference | undefined,
  exit: number,
): object {
  return {
    ok: difference === undefined,
    log: { origin: checkpoint.origin, address: source.address, kind: kindNamed(kind), treeSize: checkpoint.size },
    root: toHex(checkpoint.root),
    authenticated: authority !== undefined,
    read: { from: state?.edge.size ?? 0n, to: done.edge.size, files: done.files, bytes: done.bytes },
    difference,
    exit,
  };
}

function text(
  { source, authority, checkpoint, state }: Check,
  { edge, files, bytes }: Rederived,
  difference: Difference | undefined,
  exit: number,
  { io }: Context,
): string {
  const origin = plain(checkpoint.origin);
  const begun = state?.edge.size ?? 0n;
  const summary: [string, string | undefined][] = [
    ['address', plain(source.address)],
    ['size', `${checkpoint.size}`],
    ['root', toHex(checkpoint.root)],
    [
      'signature',
      authority ? `verified by ${authority.name}` : 'not verified: there is no trust config, no --policy and no --key',
    ],
    ['read', `entries ${begun} to ${edge.size}, ${grouped(files)} files, ${grouped(bytes)} bytes`],
  ];
  if (difference === undefined) {
    const verdict = authority ? '' : ', and nobody vouches for that one';
    const said = `${origin}: all that it serves leads to its checkpoint${verdict}`;
    return marked(authority ? 'ok' : 'warn', said, io.stdout, io.env) + fields(summary);
  }
  const { file, index, expected, found, code, unlessIn } = difference;
  const wrong = `${file} ${code === 'missing-file' ? 'is missing' : 'is wrong'}`;
  const forked = exit === EXIT.misbehaviour ? 'the log has signed two histories' : wrong;
  return (
    marked('fail', `${origin}: ${forked}`, io.stdout, io.env) +
    fields([
      ['problem', PROBLEMS[code]],
      ['file', file],
      [code === 'earlier-root-differs' ? 'at size' : 'index', index?.toString()],
      ['expected', plain(expected)],
      ['found', plain(found)],
      ['unless in', unlessIn && `${unlessIn}: nothing proves which of the two is wrong`],
      ...summary,
    ])
  );
}

function kindNamed(kind: LeafKind): string {
  return kind === 'data' ? 'ct' : 'rekor';
}
