import { fromBase64, toBase64 } from '#crypto';
import { concatBytes, equalBytes, utf8Decode, utf8Encode } from '#libs/crypto';
import { HASH_BYTES } from '#libs/merkle';
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from '#libs/note';
import { PROOF_MAX_HASHES } from '#libs/tlog';
import { parseCanonicalHead } from './canonical-head.js';
import { EvidenceError, rethrown } from './error.js';
import { compareBytes, type Evidence, type PromisedEntry } from './evidence.js';

/** Of a file. Two heads with post-quantum signatures take 12 KB; what is left is for the certificate of a leaf-index. */
export const EVIDENCE_MAX_BYTES = 131_072;

const HEADER = 'tallystick/evidence@v1';
const NEWLINE = 0x0a;
// RFC 6962 §2.1.2: one hash for each level, and one more where the proof must name the smaller tree's last complete subtree.
const CONSISTENCY_MAX_HASHES = PROOF_MAX_HASHES + 1;

/** Writes evidence in its one form. @throws EvidenceError as `parseEvidence` for what that could not read back */
export function formatEvidence(evidence: Evidence): Uint8Array {
  const bytes = encodeEvidence(evidence);
  parseEvidence(bytes);
  return bytes;
}

/**
 * Reads an evidence file; what it accepts, `formatEvidence` writes back byte for byte. Whether it holds is not asked here:
 * that is `verifyEvidence`'s to say.
 * @throws EvidenceError malformed-evidence, unsupported-version, not-canonical
 */
export function parseEvidence(bytes: Uint8Array): Evidence {
  if (bytes.length > EVIDENCE_MAX_BYTES) throw malformed(`${bytes.length} bytes, the limit is ${EVIDENCE_MAX_BYTES}`);
  return rethrown('malformed-evidence', 'evidence', () => {
    const lines = new FieldReader(bytes);
    requireHeader(lines.line());
    const kind = lines.field('kind');
    const accused = parseVerifierKey(lines.field('accused'));
    const evidence = readKind(kind, accused, lines);
    lines.end();
    // The reader takes nothing else; that it does is not worth relying on where an accusation hangs on it.
    if (!equalBytes(encodeEvidence(evidence), bytes)) throw malformed('it is written in another way');
    return evidence;
  });
}

function readKind(kind: string, accused: VerifierKey, lines: FieldReader): Evidence {
  switch (kind) {
    case 'same-size': {
      const [first, second] = [lines.note(), lines.note()];
      const [a, b] = [parseCanonicalHead(first).checkpoint, parseCanonicalHead(second).checkpoint];
      if ((compareBytes(a.root, b.root) || compareBytes(first, second)) > 0) {
        throw malformed('the note with the smaller root should come first');
      }
      return { kind, accused, origin: a.origin, notes: [first, second] };
    }
    case 'different-sizes': {
      const root = lines.hash('root');
      const proof = lines.hashes('proof', CONSISTENCY_MAX_HASHES);
      const [older, newer] = [lines.note(), lines.note()];
      const [a, b] = [parseCanonicalHead(older).checkpoint, parseCanonicalHead(newer).checkpoint];
      if (a.size >= b.size) throw malformed('the note of the smaller tree should come first');
      return { kind, accused, origin: a.origin, older, newer, root, proof };
    }
    case 'leaf-index': {
      const sct = lines.base64('sct');
      const entry = readEntry(lines);
      const leafHash = lines.hash('leaf');
      const proof = lines.hashes('proof', PROOF_MAX_HASHES);
      const note = lines.note();
      const { origin } = parseCanonicalHead(note).checkpoint;
      return { kind, accused, origin, sct, entry, leafHash, proof, note };
    }
    default:
      throw malformed(
        `kind ${JSON.stringify(kind.slice(0, 100))} is none of same-size, different-sizes and leaf-index`,
      );
  }
}

function readEntry(lines: FieldReader): PromisedEntry {
  const kind = lines.field('entry');
  switch (kind) {
    case 'x509':
      return { kind, certificate: lines.base64('certificate') };
    case 'precert':
      return { kind, issuerKeyHash: lines.hash('issuer'), tbs: lines.base64('tbs') };
    default:
      throw malformed(`entry ${JSON.stringify(kind.slice(0, 100))} is neither x509 nor precert`);
  }
}

/** What `formatEvidence` writes, whether or not it can be read back. */
export function encodeEvidence(evidence: Evidence): Uint8Array {
  const head = [field(HEADER), field('kind', evidence.kind), field('accused', formatVerifierKey(evidence.accused))];
  switch (evidence.kind) {
    case 'same-size':
      return concatBytes(...head, ...evidence.notes.flatMap(noteField));
    case 'different-sizes': {
      const { root, proof, older, newer } = evidence;
      const fields = [base64Field('root', root), ...proof.map((hash) => base64Field('proof', hash))];
      return concatBytes(...head, ...fields, ...noteField(older), ...noteField(newer));
    }
    case 'leaf-index': {
      const { sct, entry, leafHash, proof, note } = evidence;
      const fields = [
        base64Field('sct', sct),
        field('entry', entry.kind),
        ...(entry.kind === 'x509'
          ? [base64Field('certificate', entry.certificate)]
          : [base64Field('issuer', entry.issuerKeyHash), base64Field('tbs', entry.tbs)]),
        base64Field('leaf', leafHash),
        ...proof.map((hash) => base64Field('proof', hash)),
      ];
      return concatBytes(...head, ...fields, ...noteField(note));
    }
  }
}

function field(...words: readonly string[]): Uint8Array {
  return utf8Encode(`${words.join(' ')}\n`);
}

function base64Field(name: string, value: Uint8Array): Uint8Array {
  return field(name, toBase64(value));
}

/** A note may hold empty lines, and lines that look like fields: its length says where it ends. */
function noteField(note: Uint8Array): Uint8Array[] {
  return [field('note', note.length.toString()), note];
}

/** `name value` lines and counted bytes, from the start to the end once. */
class FieldReader {
  #offset = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  line(): string {
    const end = this.#bytes.indexOf(NEWLINE, this.#offset);
    if (end === -1) throw malformed('it is cut off');
    const line = utf8Decode(this.#bytes.subarray(this.#offset, end));
    this.#offset = end + 1;
    return line;
  }

  /** The value of the next line, which has to have this name. */
  field(name: string): string {
    if (!this.#isNext(name)) throw malformed(`the line at byte ${this.#offset} should be "${name} …"`);
    return this.line().slice(name.length + 1);
  }

  base64(name: string): Uint8Array {
    return fromBase64(this.field(name));
  }

  hash(name: string): Uint8Array {
    const hash = this.base64(name);
    if (hash.length !== HASH_BYTES) throw malformed(`${name}: ${hash.length} bytes, it should be ${HASH_BYTES}`);
    return hash;
  }

  hashes(name: string, limit: number): Uint8Array[] {
    const hashes: Uint8Array[] = [];
    while (this.#isNext(name)) {
      if (hashes.length === limit) throw malformed(`more than ${limit} lines "${name} …"`);
      hashes.push(this.hash(name));
    }
    return hashes;
  }

  note(): Uint8Array {
    const length = this.field('note');
    if (!/^[1-9][0-9]{0,5}$/.test(length)) throw malformed('the length of a note is no decimal');
    const end = this.#offset + Number(length);
    if (end > this.#bytes.length) throw malformed('a note is cut off');
    const note = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return note;
  }

  end(): void {
    if (this.#offset !== this.#bytes.length) {
      throw malformed(`${this.#bytes.length - this.#offset} bytes follow where it should end`);
    }
  }

  #isNext(name: string): boolean {
    const start = utf8Encode(`${name} `);
    return equalBytes(this.#bytes.subarray(this.#offset, this.#offset + start.length), start);
  }
}

function requireHeader(line: string): void {
  if (line === HEADER) return;
  if (/^tallystick\/evidence@v[0-9]{1,9}$/.test(line)) {
    throw new EvidenceError('unsupported-version', `evidence: ${line} is of another version than ${HEADER}`);
  }
  throw malformed(`the first line is not ${HEADER}`);
}

function malformed(problem: string): EvidenceError {
  return new EvidenceError('malformed-evidence', `evidence: ${problem}`);
}
