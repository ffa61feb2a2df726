import { toBase64 } from '#crypto';
import { CodedError, utf8Decode, utf8Encode } from '#libs/crypto';
import { KEY_TYPE, formatVerifierKey, parseVerifierKey, type NoteVerifier, type VerifierKey } from '#libs/note';
import { logVerifier } from '#libs/tlog';
import type { WatchedLog } from '../config.js';
import type { ListedLog } from './log-list.js';

/** One key of a log, ready to verify. */
export interface LogKey {
  readonly key: VerifierKey;
  readonly verifier: NoteVerifier;
}

/** What is known of a log besides its keys. */
export interface KnownLog {
  readonly origin: string;
  /** Whether the operator named it himself, and not a list. */
  readonly configured: boolean;
  readonly url: string | undefined;
  /** Checkpoints per day; undefined: no limit. */
  readonly qpd: number | undefined;
}

/** A list names another key for a log that is known: shown, and not followed. */
export interface KeyChange {
  readonly origin: string;
  readonly known: string;
  readonly listed: string;
}

/** What became of a list: how many logs of it are new, and what was wrong with the others. */
export interface TakenList {
  readonly added: number;
  readonly keyChanges: readonly KeyChange[];
  /** Logs whose verifier key is none, or of a type that signs no checkpoints, or the RFC 6962 key of another log. */
  readonly unusable: readonly string[];
}

/**
 * Keys that are ready to verify: 2 to 3 KiB each. Others are made from their text when they are asked for. Only those of logs
 * that come again among so many uses are kept: what is kept for a while and then dropped is what costs a collector most.
 */
const READY_KEYS = 4096;

const NEVER = -READY_KEYS;

const LOG_KEY_TYPES: readonly number[] = [
  KEY_TYPE.ed25519,
  KEY_TYPE.ecdsa,
  KEY_TYPE.rfc6962,
  KEY_TYPE.mlDsa44Cosignature,
];

/** One object for each of many logs. */
interface Entry extends KnownLog {
  /** Verifier keys of a listed log as text; those of a configured log were parsed with the settings. */
  readonly keys: string | readonly VerifierKey[];
  /** The number of the last use of its keys. */
  used: number;
}

/** The logs that the witness is configured for, by origin. They only ever get more: to forget one takes a new start. */
export class KnownLogs {
  readonly #entries = new Map<string, Entry>();
  /** In the order of their last use. */
  readonly #ready = new Map<string, readonly LogKey[]>();
  /** RFC 6962 keys, and whose they are: what they sign does not say it. */
  readonly #treeHeadKeys = new Map<string, string>();
  #uses = 0;

  constructor(configured: readonly WatchedLog[]) {
    for (const { url, qpd, ...key } of configured) {
      if (key.type === KEY_TYPE.rfc6962) this.#treeHeadKeys.set(toBase64(key.publicKey), key.name);
      const before = this.#entries.get(key.name);
      this.#entries.set(key.name, {
        origin: key.name,
        configured: true,
        url: url ?? before?.url,
        qpd: qpd ?? before?.qpd,
        keys: [...((before?.keys as VerifierKey[]) ?? []), key],
        used: NEVER,
      });
    }
  }

  get count(): number {
    return this.#entries.size;
  }

  find(origin: string): KnownLog | undefined {
    return this.#entries.get(origin);
  }

  /** In the order in which they became known. */
  all(): Iterable<KnownLog> {
    return this.#entries.values();
  }

  /** Every key that is trusted for the origin; none for an origin that is unknown. */
  keysOf(origin: string): readonly LogKey[] {
    const kept = this.#ready.get(origin);
    if (kept) {
      this.#ready.delete(origin);
      this.#ready.set(origin, kept);
      return kept;
    }
    const entry = this.#entries.get(origin);
    if (!entry) return [];
    const ready = readyKeys(entry.keys);
    const since = ++this.#uses - entry.used;
    entry.used = this.#uses;
    if (since > READY_KEYS) return ready;
    this.#ready.set(entry.origin, ready);
    for (const [oldest] of this.#ready) {
      if (this.#ready.size <= READY_KEYS) break;
      this.#ready.delete(oldest);
    }
    return ready;
  }

  /** The same keys, not made ready. */
  verifierKeysOf(origin: string): readonly VerifierKey[] {
    const ready = this.#ready.get(origin);
    if (ready) return ready.map(({ key }) => key);
    const keys = this.#entries.get(origin)?.keys ?? [];
    return typeof keys === 'string' ? [parseVerifierKey(keys)] : keys;
  }

  /** Takes the logs of a list that are not known yet. A list can't change a log that is known, and can't take one away. */
  take(listed: readonly ListedLog[]): TakenList {
    let added = 0;
    const keyChanges: KeyChange[] = [];
    const unusable: string[] = [];
    for (const { vkey, origin, qpd } of listed) {
      const known = this.#entries.get(origin);
      if (known) {
        const keys = typeof known.keys === 'string' ? [known.keys] : known.keys.map(formatVerifierKey);
        if (!keys.includes(vkey)) keyChanges.push({ origin, known: keys.join(' '), listed: vkey });
      } else if (this.#isKeyFor(origin, vkey)) {
        const keys = copied(vkey);
        const name = keys.startsWith(`${origin}+`) ? keys.slice(0, origin.length) : copied(origin);
        this.#entries.set(name, { origin: name, configured: false, url: undefined, qpd, keys, used: NEVER });
        added++;
      } else {
        unusable.push(origin);
      }
    }
    return { added, keyChanges, unusable };
  }

  /** Of the right form, type and ID, and no other log's. To import forty thousand keys would take seconds. */
  #isKeyFor(origin: string, vkey: string): boolean {
    try {
      const { type, publicKey } = parseVerifierKey(vkey);
      if (type !== KEY_TYPE.rfc6962) return LOG_KEY_TYPES.includes(type);
      const text = toBase64(publicKey);
      if (!this.#treeHeadKeys.has(text)) this.#treeHeadKeys.set(text, copied(origin));
      return this.#treeHeadKeys.get(text) === origin;
    } catch (error) {
      if (error instanceof CodedError) return false;
      throw error;
    }
  }
}

/** A string of its own: what was cut out of a list would keep the whole list in memory. */
function copied(text: string): string {
  return utf8Decode(utf8Encode(text));
}

/** A listed key that turns out to be no point of its curve is no key: then the log has none. */
function readyKeys(keys: Entry['keys']): LogKey[] {
  if (typeof keys !== 'string') return keys.map((key) => ({ key, verifier: logVerifier(key) }));
  try {
    const key = parseVerifierKey(keys);
    return [{ key, verifier: logVerifier(key) }];
  } catch (error) {
    if (error instanceof CodedError) return [];
    throw error;
  }
}
