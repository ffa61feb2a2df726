import { toBase64 } from '#crypto';
import type { Identity } from '#libs/certificate';
import { quorumInShort, type QuorumVerdict, type Verification } from '#libs/verify';
import { plain, shownTime } from './lines.js';
import { quorumIn, witnessesJson, witnessLines, type PolicyFile } from './policy-file.js';
import { isDevelopmentOrigin } from './trust-config.js';

/** What a verified bundle proves, and how it stands under the policy. */
export interface Verified {
  readonly verification: Verification;
  /** Undefined: no witness was demanded. */
  readonly policed: Policed | undefined;
  /** Why not. */
  readonly unpoliced?: string;
}

export interface Policed {
  readonly policy: PolicyFile;
  readonly quorum: QuorumVerdict;
}

type Field = readonly [name: string, value: string | undefined];

/** Who, when, where logged, who saw it: for people. */
export function verdictFields({ verification, policed, unpoliced }: Verified): Field[] {
  const { identity, publicKey, times, entry, statement } = verification;
  const origin = originOf(entry);
  const size = entry.checkpoint === undefined ? '' : `, in a tree of ${entry.checkpoint.size}`;
  return [
    ['signed by', identity === undefined ? `the given ${publicKey.algorithm} key` : plain(identity.subject.value)],
    ['issuer', identity && plain(identity.issuer)],
    ['statement', statement && plain(statement.predicateType)],
    ['time', times.map(({ time, authority }) => `${shownTime(time)}, by ${plain(authority)}`).join('\n')],
    ['log', `${plain(origin)}, index ${entry.index}${size}`],
    ...(policed === undefined
      ? [['witnesses', `not demanded: ${unpoliced ?? 'there is no tlog-policy'}`] as const]
      : policedFields(policed)),
    ['trust', isDevelopmentOrigin(origin) ? 'development trust, all witnesses under one owner' : undefined],
  ];
}

/** The same for programs. */
export function verdictJson({ verification, policed }: Verified): object {
  const { identity, publicKey, times, entry, statement } = verification;
  const origin = originOf(entry);
  return {
    identity: identity && identityJson(identity),
    publicKey: { algorithm: publicKey.algorithm, spki: toBase64(publicKey.spki) },
    statement: statement && { predicateType: statement.predicateType, predicate: statement.predicate },
    times: times.map(({ time, source, authority }) => ({ time: time.toISOString(), source, authority })),
    log: { origin, index: entry.index, treeSize: entry.checkpoint?.size },
    witnesses: policed ? cosignedJson(policed) : [],
    policy: policed && policedJson(policed),
    trust: isDevelopmentOrigin(origin) ? 'development' : 'deployment',
  };
}

/** A bundle of version 0.1 may have no checkpoint; the trusted root knows the log by its host. */
function originOf({ checkpoint, log }: Verification['entry']): string {
  return checkpoint?.origin ?? new URL(log.baseUrl).hostname;
}

export function identityJson({ subject, issuer, claims }: Identity): object {
  return { subject: subject.value, type: subject.type, issuer, claims };
}

/** Who cosigned and who did not, for people. */
export function policedFields({ policy, quorum }: Policed): Field[] {
  return [
    ['witnesses', witnessLines(quorum)],
    ['quorum', `${quorumIn(quorum)}: ${plain(quorumInShort(quorum))}, by the policy ${policy.source}`],
  ];
}

/** The same for programs: every witness of the policy with its state. */
export function policedJson({ policy, quorum }: Policed): object {
  return {
    source: policy.source,
    demand: quorum.demand,
    quorum: quorumIn(quorum),
    witnesses: witnessesJson(quorum),
  };
}

/** Those that cosigned. */
export function cosignedJson({ quorum }: Policed): object[] {
  return witnessesJson({ ...quorum, witnesses: quorum.witnesses.filter(({ state }) => state === 'cosigned') });
}
