import { equalBytes } from '#libs/crypto';
import { EvidenceError, verifyEvidence, weighEvidence, type ProvenEvidence } from '#libs/evidence';
import { formatVerifierKey, type VerifierKey } from '#libs/note';
import { printResult, type Context } from '../context.js';
import { readEvidenceFile } from '../evidence/read-evidence.js';
import { accusedJson, statementJson } from '../evidence/statement.js';
import { keysOfTrust, namedKeys, type KeySource } from '../evidence/trusted-keys.js';
import { EXIT } from '../failure.js';
import { fields, marked, plain, shellWord, typed } from '../lines.js';

export interface EvidenceVerifyOptions {
  readonly key?: readonly string[];
  readonly policy?: string;
}

/** `tally evidence verify`: whether evidence holds, and whether it is about anybody whom the reader trusts. Opens no socket. */
export async function evidenceVerify(file: string, options: EvidenceVerifyOptions, context: Context): Promise<number> {
  const named = namedKeys(options.key ?? []);
  const proven = prove(await readEvidenceFile(file, context), file);
  // What the reader names needs no trust config; without it, that is where to look.
  const sources = isTrusted(proven, named) ? [named] : [named, ...(await keysOfTrust(options, context))];
  const trustedBy = sources.find((source) => isTrusted(proven, source));
  const exit = trustedBy ? EXIT.done : EXIT['no-trust'];
  printResult(
    context,
    {
      ok: trustedBy !== undefined,
      holds: true,
      verdict: trustedBy ? 'guilty' : 'unknown-key',
      summary: proven.summary,
      accused: accusedJson(proven.accused, proven.role),
      ...statementJson(proven),
      trustedBy: trustedBy?.name,
      exit,
    },
    trustedBy ? guilty(file, proven, trustedBy, context) : unknown(file, proven, sources, context),
  );
  return exit;
}

/** @throws EvidenceError that says which file it is about */
function prove(bytes: Uint8Array, file: string): ProvenEvidence {
  try {
    return verifyEvidence(bytes);
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause;
    const problem = `${file}: this proves nothing against anybody: ${cause.message}`;
    throw new EvidenceError(cause.code, problem, { cause });
  }
}

function isTrusted({ evidence }: ProvenEvidence, { keys }: KeySource): boolean {
  return weighEvidence(evidence, keys) === 'guilty';
}

function guilty(file: string, proven: ProvenEvidence, trustedBy: KeySource, { io }: Context): string {
  return (
    marked('ok', `${file}: it holds: ${plain(proven.summary)}`, io.stdout, io.env) +
    fields([
      ['accused', formatVerifierKey(proven.accused)],
      ['trusted by', trustedBy.name],
      [
        'what now',
        `rely on nothing that this key signs; ${typed('tally evidence show', io.env)} ${shellWord(file)} says more`,
      ],
    ])
  );
}

function unknown(file: string, proven: ProvenEvidence, sources: readonly KeySource[], { io }: Context): string {
  const looked = sources.filter(({ keys }) => keys.length > 0).map(({ name }) => name);
  return (
    marked(
      'warn',
      `${file}: it holds, but nobody here trusts the accused key: ${plain(proven.summary)}`,
      io.stdout,
      io.env,
    ) +
    fields([
      ['accused', formatVerifierKey(proven.accused)],
      [
        'looked in',
        looked.length > 0 ? looked.join('\n') : 'nothing: there is no trust config here, no --policy and no --key',
      ],
      ['note', likeness(proven.accused, sources)],
      [
        'what now',
        'anybody can make a key and contradict himself with it. If you know from its owner, not from\nthis file, that the key is one that you rely on, name it with --key',
      ],
    ])
  );
}

/** A trusted key that could be taken for the accused one. */
function likeness(accused: VerifierKey, sources: readonly KeySource[]): string | undefined {
  const keys = sources.flatMap((source) => source.keys);
  const same = keys.find(({ publicKey }) => equalBytes(publicKey, accused.publicKey));
  if (same) {
    return `the same key is trusted as ${plain(formatVerifierKey(same))}:\nif that is its owner too, this is about him`;
  }
  return keys.some(({ name }) => name === accused.name)
    ? `another key is trusted under the name ${plain(accused.name)}: this one is a stranger’s, or an old one`
    : undefined;
}
