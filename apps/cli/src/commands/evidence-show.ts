import { toHex } from '#crypto';
import { parseSct } from '#libs/certificate';
import {
  EvidenceError,
  leafPromise,
  parseCanonicalHead,
  parseEvidence,
  verifyEvidence,
  type Evidence,
  type ProvenEvidence,
} from '#libs/evidence';
import { formatVerifierKey } from '#libs/note';
import { printResult, type Context } from '../context.js';
import { readEvidenceFile } from '../evidence/read-evidence.js';
import { accusedJson, keyTypeName, statedTimeShown, statementJson } from '../evidence/statement.js';
import { EXIT } from '../failure.js';
import { fields, marked, plain, shellWord, shownTime, typed } from '../lines.js';

/** What the two sides of the file say, row by row. */
type Row = readonly [name: string, one: string, other: string];

/** `tally evidence show`: who is accused of what, for people. Looks at nobody's trust, and says so. */
export async function evidenceShow(file: string, context: Context): Promise<number> {
  const evidence = read(await readEvidenceFile(file, context), file);
  const proven = prove(evidence);
  const exit = proven instanceof EvidenceError ? EXIT['not-verified'] : EXIT.done;
  printResult(
    context,
    {
      ok: exit === EXIT.done,
      holds: exit === EXIT.done,
      trustChecked: false,
      ...(proven instanceof EvidenceError
        ? { kind: evidence.kind, error: { code: proven.code, message: proven.message } }
        : {
            summary: proven.summary,
            accused: accusedJson(evidence.accused, proven.role),
            ...statementJson(proven),
          }),
      exit,
    },
    proven instanceof EvidenceError ? refused(file, evidence, proven, context) : shown(file, proven, context),
  );
  return exit;
}

function read(bytes: Uint8Array, file: string): Evidence {
  try {
    return parseEvidence(bytes);
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause;
    throw new EvidenceError(cause.code, `${file} is no evidence that can be read: ${cause.message}`, { cause });
  }
}

/** That it does not hold is what is to be shown then. */
function prove(evidence: Evidence): ProvenEvidence | EvidenceError {
  try {
    return verifyEvidence(evidence);
  } catch (error) {
    if (error instanceof EvidenceError) return error;
    throw error;
  }
}

/** As little as possible: what does not hold should harm nobody's name. */
function refused(file: string, { kind, accused }: Evidence, error: EvidenceError, { io }: Context): string {
  return (
    marked('fail', `${file}: it does NOT hold, and proves nothing against anybody`, io.stdout, io.env) +
    fields([
      ['why', plain(error.message)],
      ['it claims', `${kind}, against the key ${plain(formatVerifierKey(accused))}`],
    ])
  );
}

function shown(file: string, proven: ProvenEvidence, { io }: Context): string {
  const { evidence, accused, role, origin, summary } = proven;
  const { proves, not } = meaning(proven);
  return (
    marked('warn', `${file}: it holds: ${plain(summary)}`, io.stdout, io.env) +
    fields([
      ['accused', `this key and nobody else; it goes by the name of the ${role} ${plain(accused.name)}`],
      ['key', `${formatVerifierKey(accused)}\n(${keyTypeName(accused)})`],
      ['log', origin === accused.name ? undefined : plain(origin)],
      ['kind', evidence.kind],
    ]) +
    `\n${table(rows(proven))}\n` +
    fields([
      ['proves', proves],
      ['not proven', not],
      [
        'trust',
        'not looked at: anybody can make a key, name it as he likes and contradict himself.\n' +
          `Whether you trust this one: ${typed('tally evidence verify', io.env)} ${shellWord(file)}`,
      ],
    ])
  );
}

function rows({ evidence, accused, heads }: ProvenEvidence): Row[] {
  if (evidence.kind === 'leaf-index') {
    const { index, leafHash } = leafPromise(accused, evidence.sct, evidence.entry);
    const { timestampMs } = parseSct(evidence.sct);
    const { size, root } = parseCanonicalHead(evidence.note).checkpoint;
    const [head] = heads;
    return [
      ['', 'promised (SCT)', 'in the tree'],
      ['index', `${index}`, `${index}`],
      ['leaf hash', toHex(leafHash), toHex(evidence.leafHash)],
      ['tree size', '', `${size}`],
      ['root', '', toHex(root)],
      ['signed', time(timestampMs), head ? statedTimeShown(head) : ''],
    ];
  }
  const [one, other] = heads;
  if (one === undefined || other === undefined) return [];
  const trees: Row[] = [
    ['', 'one tree', 'the other tree'],
    ['size', `${one.checkpoint.size}`, `${other.checkpoint.size}`],
    ['root', toHex(one.checkpoint.root), toHex(other.checkpoint.root)],
    ['signed', statedTimeShown(one), statedTimeShown(other)],
  ];
  if (evidence.kind === 'same-size') return trees;
  return [...trees, [`root at ${one.checkpoint.size}`, toHex(one.checkpoint.root), toHex(evidence.root)]];
}

function meaning({ evidence, role, heads }: ProvenEvidence): { proves: string; not: string } {
  const [smaller] = heads.map(({ checkpoint }) => checkpoint.size);
  const not =
    'which of the two is the true one, who else saw it, or who held the key:\n' +
    (role === 'log'
      ? 'its operator, a thief, or a copy of the log that came back from a backup.'
      : 'its operator, a thief, or a witness that lost its memory.');
  switch (evidence.kind) {
    case 'same-size':
      return { proves: `that its holder signed both. A log has one tree of ${smaller} leaves.`, not };
    case 'different-sizes': {
      const rule = 'A log only grows: the larger tree would begin with\nthe smaller one';
      const found = `but at size ${smaller} it has another root, as a proof in the file shows.`;
      return { proves: `that its holder signed both. ${rule}, ${found}`, not };
    }
    case 'leaf-index':
      return {
        proves:
          'that its holder signed both: the promise of one leaf at an index, and a tree\nwith another leaf there.',
        not,
      };
  }
}

const NAME_WIDTH = 14;
/** A hash takes two lines of it, so that both fit eighty columns. */
const COLUMN = 32;

function table(all: readonly Row[]): string {
  return all
    .flatMap(([name, one, other]) => {
      const [left, right] = [wrapped(one), wrapped(other)];
      return Array.from({ length: Math.max(left.length, right.length) }, (_, i) =>
        `  ${(i === 0 ? name : '').padEnd(NAME_WIDTH - 2)}${(left[i] ?? '').padEnd(COLUMN)}  ${right[i] ?? ''}`.trimEnd(),
      );
    })
    .map((line) => `${line}\n`)
    .join('');
}

function wrapped(text: string): string[] {
  return text.match(new RegExp(`.{1,${COLUMN}}`, 'g')) ?? [''];
}

function time(ms: bigint): string {
  const date = new Date(Number(ms));
  return Number.isNaN(date.getTime()) ? 'no time stated' : shownTime(date);
}
