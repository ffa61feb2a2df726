import { toHex } from '#crypto';
import { CodedError, utf8Decode } from '#libs/crypto';
import { formatVerifierKey, parseVerifierKey, type NoteVerifier, type VerifierKey } from '#libs/note';
import { cosignatureVerifier } from './cosignature.js';
import { TlogError } from './error.js';
import { parseDecimal } from './line.js';
import { logVerifier } from './log-verifier.js';

/** Which logs and which cosignatures make a checkpoint valid: C2SP tlog-policy. */
export interface TlogPolicy {
  /** A checkpoint is signed by any one of them. */
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  /** In the order of the file: each refers only to witnesses, and to groups before it. */
  readonly groups: readonly PolicyGroup[];
  /** The name of a witness or of a group, or `none`. */
  readonly quorum: string;
}

export interface PolicyLog {
  /** Its name is the log's origin. */
  readonly key: VerifierKey;
  readonly url?: string;
}

export interface PolicyWitness {
  /** Has a meaning inside the policy only. */
  readonly name: string;
  readonly key: VerifierKey;
  readonly url?: string;
}

export interface PolicyGroup {
  readonly name: string;
  /** Members that must have witnessed: 1 to all of them. */
  readonly threshold: number;
  readonly members: readonly string[];
}

/** The quorum that asks for no cosignature. */
export const NO_QUORUM = 'none';

export const POLICY_MAX_BYTES = 1 << 20;
/** Of logs, of witnesses and of groups each; tlog-policy wants at least 32. */
export const POLICY_MAX_ITEMS = 256;

/** Reads a policy file. It must be UTF-8: the specification lets high octets be anything, but we show names. @throws TlogError malformed-policy */
export function parsePolicy(file: string | Uint8Array): TlogPolicy {
  if (file.length > POLICY_MAX_BYTES) throw malformed(`${file.length} bytes, the limit is ${POLICY_MAX_BYTES}`);
  const text = typeof file === 'string' ? file : decode(file);
  if (text === '') throw malformed('the file is empty');
  // "Each line is terminated by newline": a file that was cut short must not pass for another policy.
  if (!text.endsWith('\n')) throw malformed('the last line has no newline');
  const reader = new PolicyReader();
  for (const [index, line] of text.slice(0, -1).split('\n').entries()) {
    try {
      reader.read(line);
    } catch (cause) {
      if (cause instanceof CodedError) throw malformed(`line ${index + 1}: ${cause.message}`, { cause });
      throw cause;
    }
  }
  return reader.policy();
}

/** Writes a policy that `parsePolicy` reads back. @throws TlogError malformed-policy */
export function formatPolicy({ logs, witnesses, groups, quorum }: TlogPolicy): string {
  const lines = [
    ...logs.map(({ key, url }) => ['log', formatVerifierKey(key), url]),
    ...witnesses.map(({ name, key, url }) => ['witness', name, formatVerifierKey(key), url]),
    ...groups.map(({ name, threshold, members }) => ['group', name, threshold, ...members]),
    ['quorum', quorum],
  ];
  const text = lines.map((items) => `${items.filter((item) => item !== undefined).join(' ')}\n`).join('');
  parsePolicy(text);
  return text;
}

/** Takes the lines in order, so that a name is known before it is referred to. */
class PolicyReader {
  readonly #logs: PolicyLog[] = [];
  readonly #witnesses: PolicyWitness[] = [];
  readonly #groups: PolicyGroup[] = [];
  /** Witnesses and groups share one namespace. */
  readonly #defined = new Set<string>();
  readonly #grouped = new Set<string>();
  #quorum: string | undefined;

  read(line: string): void {
    if (/[^\t -~\u0080-\u{10ffff}]/u.test(line)) throw malformed('a control character');
    const [keyword = '', ...items] = line.split(/[\t ]+/).filter((item) => item !== '');
    if (keyword === '' || keyword.startsWith('#')) return;
    switch (keyword) {
      case 'log':
        return this.#log(items);
      case 'witness':
        return this.#witness(items);
      case 'group':
        return this.#group(items);
      case 'quorum':
        return this.#setQuorum(items);
      default:
        throw malformed(`${JSON.stringify(keyword)} is not log, witness, group or quorum`);
    }
  }

  policy(): TlogPolicy {
    if (this.#quorum === undefined) throw malformed('no quorum line');
    return { logs: this.#logs, witnesses: this.#witnesses, groups: this.#groups, quorum: this.#quorum };
  }

  #log([vkey, url, ...rest]: string[]): void {
    if (vkey === undefined || rest.length > 0) throw malformed('should be: log <vkey> [<url>]');
    const key = parseKey(vkey, logVerifier);
    requireNewKey(key, this.#logs);
    requireRoom(this.#logs);
    this.#logs.push({ key, ...(url !== undefined && { url }) });
  }

  #witness([name, vkey, url, ...rest]: string[]): void {
    if (name === undefined || vkey === undefined || rest.length > 0) {
      throw malformed('should be: witness <name> <vkey> [<url>]');
    }
    const key = parseKey(vkey, cosignatureVerifier);
    requireNewKey(key, this.#witnesses);
    requireRoom(this.#witnesses);
    this.#define(name);
    this.#witnesses.push({ name, key, ...(url !== undefined && { url }) });
  }

  #group([name, k, ...members]: string[]): void {
    if (name === undefined || k === undefined || members.length === 0) {
      throw malformed('should be: group <name> all|any|<k> <name>...');
    }
    const threshold = k === 'all' ? members.length : k === 'any' ? 1 : Number(parseDecimal(k) ?? 0n);
    if (threshold < 1 || threshold > members.length) {
      throw malformed(`${k} of ${members.length} members: should be all, any, or from 1 to ${members.length}`);
    }
    for (const member of members) {
      if (!this.#defined.has(member)) throw malformed(`member ${member} is not defined before`);
      // Each witness counts in one way only.
      if (this.#grouped.has(member)) throw malformed(`${member} is a member of a group already`);
      this.#grouped.add(member);
    }
    requireRoom(this.#groups);
    this.#define(name);
    this.#groups.push({ name, threshold, members });
  }

  #setQuorum([name, ...rest]: string[]): void {
    if (name === undefined || rest.length > 0) throw malformed('should be: quorum <name>');
    if (this.#quorum !== undefined) throw malformed('a second quorum line');
    if (name !== NO_QUORUM && !this.#defined.has(name)) throw malformed(`${name} is not defined before`);
    this.#quorum = name;
  }

  #define(name: string): void {
    if (name === NO_QUORUM || this.#defined.has(name)) throw malformed(`the name ${name} is taken`);
    this.#defined.add(name);
  }
}

/** The verifier is made to see that the key is one, and of a type that its owner signs with. */
function parseKey(vkey: string, verifierFor: (key: VerifierKey) => NoteVerifier): VerifierKey {
  const key = parseVerifierKey(vkey);
  verifierFor(key);
  return key;
}

/** tlog-policy: two keys are duplicates if they wrap the same public key, whatever their names and IDs. */
function requireNewKey({ name, publicKey }: VerifierKey, others: readonly { readonly key: VerifierKey }[]): void {
  const hex = toHex(publicKey);
  const other = others.find(({ key }) => toHex(key.publicKey) === hex);
  if (other) throw malformed(`key ${name} is the key of ${other.key.name}`);
}

function requireRoom(items: readonly unknown[]): void {
  if (items.length === POLICY_MAX_ITEMS) throw malformed(`more than ${POLICY_MAX_ITEMS} of a kind`);
}

function decode(file: Uint8Array): string {
  try {
    return utf8Decode(file);
  } catch (cause) {
    throw malformed('not valid UTF-8', { cause });
  }
}

function malformed(problem: string, options?: ErrorOptions): TlogError {
  return new TlogError('malformed-policy', `policy: ${problem}`, options);
}
