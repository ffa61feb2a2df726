import { sha256, toHex } from '#crypto';
import { identityOf, parseCertificate, type Identity } from '#libs/certificate';
import { CodedError } from '#libs/crypto';
import { parseEntry, type LoggedEntry } from '#libs/entry';
import { plain } from './lines.js';
import { identityJson } from './verdict.js';

/** What can be read of an entry. Anybody may write one, so a certificate in it names whoever its writer liked. */
export interface ReadEntry {
  readonly entry: LoggedEntry | undefined;
  readonly identity: Identity | undefined;
  /** Why it could not be read. */
  readonly problem: string | undefined;
}

export function readLoggedEntry(body: Uint8Array): ReadEntry {
  try {
    const entry = parseEntry(body);
    return { entry, ...identityIn(entry) };
  } catch (error) {
    if (error instanceof CodedError) return { entry: undefined, identity: undefined, problem: error.message };
    throw error;
  }
}

export function loggedEntryFields({ entry, identity, problem }: ReadEntry): (readonly [string, string | undefined])[] {
  return [
    ['kind', entry === undefined ? undefined : `${entry.kind} ${entry.apiVersion}`],
    ['identity', identity === undefined ? undefined : plain(identity.subject.value)],
    ['issuer', identity === undefined ? undefined : plain(identity.issuer)],
    ['digest', entry?.kind === 'hashedrekord' ? `${entry.digestAlgorithm}:${toHex(entry.digest)}` : undefined],
    ['key', publicKeyOf(entry)],
    ['unreadable', problem === undefined ? undefined : plain(problem)],
  ];
}

export function loggedEntryJson({ entry, identity, problem }: ReadEntry): object {
  return {
    kind: entry?.kind,
    apiVersion: entry?.apiVersion,
    identity: identity === undefined ? undefined : identityJson(identity),
    problem,
  };
}

function identityIn(entry: LoggedEntry): Pick<ReadEntry, 'identity' | 'problem'> {
  if (entry.apiVersion !== '0.0.2' || entry.kind !== 'hashedrekord' || entry.verifier.kind !== 'certificate') {
    return { identity: undefined, problem: undefined };
  }
  try {
    return { identity: identityOf(parseCertificate(entry.verifier.raw)), problem: undefined };
  } catch (error) {
    if (error instanceof CodedError) return { identity: undefined, problem: error.message };
    throw error;
  }
}

function publicKeyOf(entry: LoggedEntry | undefined): string | undefined {
  return entry?.apiVersion === '0.0.2' && entry.kind === 'hashedrekord' && entry.verifier.kind === 'public-key'
    ? `${entry.keyDetails}, SHA-256 ${toHex(sha256(entry.verifier.raw))}`
    : undefined;
}
