import { addCheckpoint, fetchCosignedCheckpoint, fetchTile, type AddCheckpointAnswer } from '#libs/client';
import { utf8Encode } from '#libs/crypto';
import type { Evidence } from '#libs/evidence';
import { proveConsistency } from '#libs/merkle';
import { formatNote, isSameKey, parseNote } from '#libs/note';
import { originHash, tileNodeReader, type PolicyWitness } from '#libs/tlog';
import { judgeQuorum } from '#libs/verify';
import type { Context } from '../context.js';
import { explain } from '../failure.js';
import type { PolicyFile } from '../policy-file.js';
import { evidenceAgainst } from './frozen-evidence.js';
import { relateViews, type ViewRelation } from '../views/relate-views.js';
import { openView, readView, type KnownKeys, type View } from '../views/view.js';

/** What one witness says to a checkpoint that somebody was given. */
export interface WitnessReport {
  readonly name: string;
  readonly url: string | undefined;
  /**
   * - `tallies`: it vouches for the same history
   * - `contradicts`: its history is another one, and that is proven
   * - `not-linked`: it could not be shown to be the same, though somebody answered: a suspicion
   * - `silent`: nothing is known, because it was not asked or did not answer as a witness does
   */
  readonly outcome: 'tallies' | 'contradicts' | 'not-linked' | 'silent';
  /** For people. */
  readonly detail: string;
  /** Of the tree that it shows. */
  readonly size?: bigint;
  readonly evidence: readonly Evidence[];
}

export interface ReportTerms {
  readonly policy: PolicyFile;
  readonly keys: KnownKeys;
  /** Addresses of the log, for its tiles. */
  readonly logs: readonly string[];
}

/** A witness that is away must not hold up who only wants to verify; nor one, or a log, that is slow on purpose. */
const TIMEOUT_MS = 10_000;
const REPORT_TIMEOUT_MS = 60_000;
/** litewitness takes no more; ours and others do. */
const BODY_MAX_BYTES = 10 * 1024;

type Said = Omit<WitnessReport, 'name' | 'url'>;

/** Hands a checkpoint to every witness of the policy, and compares it with what each shows to everybody. */
export function reportToWitnesses(mine: View, terms: ReportTerms, context: Context): Promise<WitnessReport[]> {
  return Promise.all(
    terms.policy.policy.witnesses.map(async (witness) => {
      const { name, url } = witness;
      if (url === undefined) return { name, url, ...silent('the policy does not say where it is') };
      const limit = AbortSignal.timeout(REPORT_TIMEOUT_MS);
      const signal = AbortSignal.any([context.io.signal, limit]);
      const limited = { ...context, io: { ...context.io, signal } };
      try {
        return { name, url, ...(await new Witness(witness, url, mine, terms, limited).report()) };
      } catch (error) {
        context.io.signal.throwIfAborted();
        if (limit.aborted) return { name, url, ...silent(`not all was answered within ${REPORT_TIMEOUT_MS / 1000} s`) };
        return { name, url, ...silent(explain(error).message) };
      }
    }),
  );
}

/** One witness, asked about one checkpoint. */
class Witness {
  readonly #call: { signal: AbortSignal; timeoutMs: number; tries: number };

  constructor(
    private readonly witness: PolicyWitness,
    private readonly url: string,
    private readonly mine: View,
    private readonly terms: ReportTerms,
    private readonly context: Context,
  ) {
    this.#call = { signal: context.io.signal, timeoutMs: TIMEOUT_MS, tries: 1 };
  }

  async report(): Promise<Said> {
    const shown = await this.#shown();
    const relation = shown && (await this.#relate(shown));
    if (relation?.kind === 'equivocation') {
      // It is handed over all the same: then the witness can prove it, too.
      await this.#handOver(shown?.checkpoint.size).catch(() => undefined);
      return contradiction(relation, shown);
    }
    const answer = await this.#handOver(shown?.checkpoint.size);
    return this.#judge(answer, shown, relation);
  }

  /** What it shows to everybody (tlog-witness, monitoring); undefined when it has cosigned nothing of the log. */
  async #shown(): Promise<View | undefined> {
    const note = await fetchCosignedCheckpoint(this.url, this.mine.checkpoint.origin, this.#call);
    if (note === undefined) return undefined;
    return readView(this.#mirror, note, this.terms.keys);
  }

  /** Where its tiles would be, if it is a mirror as well. */
  get #mirror(): string {
    return `${this.url.replace(/\/+$/, '')}/${originHash(this.mine.checkpoint.origin)}`;
  }

  /** By tiles of the larger tree; where nobody shows those, by way of what the log shows now. */
  async #relate(shown: View): Promise<ViewRelation> {
    const { logs } = this.terms;
    const keys = { ...this.terms.keys, origin: this.mine.checkpoint.origin };
    const sources = [...logs, this.#mirror];
    const direct = await relateViews(this.mine, shown, sources, this.context);
    if (direct.kind !== 'unlinked') return direct;
    for (const url of logs) {
      const newest = await openView(url, keys, this.context, TIMEOUT_MS).catch(() => undefined);
      if (newest === undefined || newest.checkpoint.size < shown.checkpoint.size) continue;
      const relations = [
        await relateViews(shown, newest, sources, this.context),
        await relateViews(this.mine, newest, sources, this.context),
      ];
      const contradicts = relations.find(({ kind }) => kind === 'equivocation');
      if (contradicts) return contradicts;
      if (relations.every(({ kind }) => kind === 'consistent')) return { kind: 'consistent' };
    }
    return direct;
  }

  /** tlog-witness add-checkpoint; where it knows another size than it showed, once more from there. */
  async #handOver(known: bigint = 0n): Promise<AddCheckpointAnswer> {
    const { size } = this.mine.checkpoint;
    const answer = await this.#add(known);
    if (answer.kind !== 'conflict' || answer.size >= size || answer.size === known) return answer;
    return this.#add(answer.size);
  }

  async #add(known: bigint): Promise<AddCheckpointAnswer> {
    const { size } = this.mine.checkpoint;
    // A smaller checkpoint than it knows can't be cosigned; that it was signed, the witness learns all the same.
    const oldSize = known < size ? known : size;
    const proof = oldSize === 0n || oldSize === size ? [] : await this.#prove(oldSize);
    return addCheckpoint(this.url, { oldSize, proof, checkpoint: this.#note() }, this.#call);
  }

  async #prove(oldSize: bigint): Promise<Uint8Array[]> {
    const { size } = this.mine.checkpoint;
    let failed: unknown;
    for (const source of [...this.terms.logs, this.#mirror]) {
      try {
        const read = tileNodeReader(size, (level, index, width) => fetchTile(source, level, index, width, this.#call));
        return await proveConsistency(oldSize, size, read);
      } catch (error) {
        failed ??= error;
      }
    }
    throw failed;
  }

  /** With the signatures of the log and of witnesses that we know, as long as every witness would take that much. */
  #note(): Uint8Array {
    const { text, signatures } = parseNote(this.mine.note);
    const signedBy = (heads: View['heads']): typeof signatures =>
      signatures.filter((line) => heads.some(({ key }) => isSameKey(line, { name: key.name, keyId: key.id })));
    const ofLog = signedBy(this.mine.heads);
    const all = formatNote({ text, signatures: [...ofLog, ...signedBy(this.mine.cosigned)] });
    return all.length <= BODY_MAX_BYTES / 2 ? all : formatNote({ text, signatures: ofLog });
  }

  async #judge(
    answer: AddCheckpointAnswer,
    shown: View | undefined,
    relation: ViewRelation | undefined,
  ): Promise<Said> {
    const size = shown?.checkpoint.size;
    const suspicion = relation?.kind === 'unlinked' && !relation.unreachable ? relation.reason : undefined;
    if (answer.kind === 'cosigned') {
      const verdict = judgeQuorum(this.terms.policy.policy, cosignedNote(this.mine.note, answer));
      return verdict.witnesses.some(({ name, state }) => name === this.witness.name && state === 'cosigned')
        ? tallies(`it cosigned this very tree, size ${this.mine.checkpoint.size}`, size)
        : silent(`it says that it cosigned, and its cosignature does not verify`);
    }
    if (answer.kind === 'conflict') {
      // A tree that this one only extends says nothing about this one: another branch may extend it too.
      if (shown && shown.checkpoint.size < this.mine.checkpoint.size && suspicion === undefined) {
        return silent(`it knows size ${answer.size}, and shows size ${size} only: ask again in a while`);
      }
      if (relation?.kind === 'consistent' && this.#isBy(shown)) {
        return tallies(`it shows a tree of size ${size}, of which this one is a prefix`, size);
      }
      if (relation?.kind === 'consistent') return silent('what it shows does not have its own signature');
      const reason = suspicion ?? (relation?.kind === 'unlinked' ? relation.reason : undefined);
      const said = `it knows size ${answer.size}, and nothing shows that this tree is a prefix of that: ${reason ?? 'it shows no checkpoint'}`;
      return suspicion === undefined ? silent(said) : unlinked(said, size);
    }
    // 422: the trees contradict each other, it says. It may have a newer one by now, or say why in what it shows.
    if (answer.status === 422) {
      const again = await this.#shown().catch(() => undefined);
      const related = again && (await this.#relate(again));
      if (related?.kind === 'equivocation') return contradiction(related, again);
      return unlinked(`it refused this tree (HTTP 422), and shows nothing that proves why: ${answer.body}`, size);
    }
    const proof = await evidenceAgainst(this.mine.checkpoint.origin, this.url, this.terms.keys.logs, this.#call);
    if (proof) {
      const detail = `it has frozen this log, and shows why: ${proof.summary}`;
      return { outcome: 'contradicts', detail, ...(size !== undefined && { size }), evidence: [proof.evidence] };
    }
    const why = answer.status === 404 ? 'it does not witness this log, or no longer' : 'it refused';
    const said = `${why} (HTTP ${answer.status}${answer.body === '' ? '' : `: ${answer.body}`})`;
    return suspicion === undefined ? silent(said) : unlinked(`${said}; ${suspicion}`, size);
  }

  /** Whoever sits on the line could have shown us our own checkpoint. */
  #isBy(view: View | undefined): boolean {
    return view?.cosigned.some(({ key }) => key === this.witness.key) === true;
  }
}

/** The bundle's note with what the witness answered under it. */
function cosignedNote(note: Uint8Array, { lines }: AddCheckpointAnswer & { kind: 'cosigned' }): Uint8Array {
  const { text, signatures } = parseNote(note);
  // Its earlier line is left out: the answer has to stand for itself.
  const others = signatures.filter((line) => !lines.some(({ name, keyId }) => isSameKey(line, { name, keyId })));
  return formatNote({ text, signatures: [...others, ...lines] });
}

function contradiction(relation: ViewRelation & { kind: 'equivocation' }, shown: View | undefined): Said {
  const at = relation.firstDifference;
  const where = at === undefined ? '' : `; they first differ at entry ${at}`;
  return {
    outcome: 'contradicts',
    detail: `it shows another history, with size ${shown?.checkpoint.size}${where}`,
    ...(shown && { size: shown.checkpoint.size }),
    evidence: relation.evidence,
  };
}

function tallies(detail: string, size: bigint | undefined): Said {
  return { outcome: 'tallies', detail, ...(size !== undefined && { size }), evidence: [] };
}

function unlinked(detail: string, size: bigint | undefined): Said {
  return { outcome: 'not-linked', detail, ...(size !== undefined && { size }), evidence: [] };
}

function silent(detail: string): Said {
  return { outcome: 'silent', detail, evidence: [] };
}

/** The view that a checkpoint is, which came with a bundle. @throws Failure */
export function viewOf(checkpoint: string, keys: KnownKeys, logs: readonly string[]): View {
  return readView(logs[0] ?? 'the bundle', utf8Encode(checkpoint), keys);
}
