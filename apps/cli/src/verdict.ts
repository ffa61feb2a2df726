import { toBase64 } from '#crypto';
import type { Identity } from '#libs/certificate';
import { utf8Encode } from '#libs/crypto';
import { evaluatePolicy } from '#libs/tlog';
import type { Bundle, Verification } from '#libs/verify';
import { plain, shownTime } from './lines.js';
import { quorumIn, type PolicyFile, type Quorum } from './policy-file.js';
import { isDevelopmentOrigin } from './trust-config.js';

/** What a verified bundle proves, and the policy that its witnesses were looked up in. */
export interface Verified {
  readonly bundle: Bundle;
  readonly verification: Verification;
  readonly policy: PolicyFile | undefined;
}

type Field = readonly [name: string, value: string | undefined];

/** Who, when, where logged, who saw it: for people. */
export function verdictFields({ bundle, verification, policy }: Verified): Field[] {
  const { identity, publicKey, times, entry, statement } = verification;
  const origin = originOf(entry);
  const size = entry.checkpoint === undefined ? '' : `, in a tree of ${entry.checkpoint.size}`;
  return [
    ['signed by', identity === undefined ? `the given ${publicKey.algorithm} key` : plain(identity.subject.value)],
    ['issuer', identity && plain(identity.issuer)],
    ['statement', statement && plain(statement.predicateType)],
    ['time', times.map(({ time, authority }) => `${shownTime(time)}, by ${plain(authority)}`).join('\n')],
    ['log', `${plain(origin)}, index ${entry.index}${size}`],
    ...witnessFields(verification, bundle, policy),
    ['trust', isDevelopmentOrigin(origin) ? 'development trust, all witnesses under one owner' : undefined],
  ];
}

/** The same for programs. */
export function verdictJson({ bundle, verification, policy }: Verified): object {
  const { identity, publicKey, times, entry, witnesses, statement } = verification;
  const origin = originOf(entry);
  return {
    identity: identity && identityJson(identity),
    publicKey: { algorithm: publicKey.algorithm, spki: toBase64(publicKey.spki) },
    statement: statement && { predicateType: statement.predicateType, predicate: statement.predicate },
    times: times.map(({ time, source, authority }) => ({ time: time.toISOString(), source, authority })),
    log: { origin, index: entry.index, treeSize: entry.checkpoint?.size },
    witnesses: witnesses.map(({ name, timestamp }) => ({
      name,
      time: dateOf(timestamp).toISOString(),
    })),
    policy: policy && { source: policy.source, quorum: quorumOf(bundle, policy) },
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

function witnessFields({ witnesses }: Verification, bundle: Bundle, policy: PolicyFile | undefined): Field[] {
  if (policy === undefined) return [['witnesses', 'not looked at: no tlog-policy is given']];
  const seen = witnesses.map(({ name, timestamp }) => `${plain(name)} cosigned, ${shownTime(dateOf(timestamp))}`);
  return [
    ['witnesses', seen.join('\n') || 'none cosigned'],
    ['quorum', `${quorumOf(bundle, policy)}, by the policy ${policy.source}`],
  ];
}

/** Shown here, demanded nowhere yet. */
function quorumOf(bundle: Bundle, { policy }: PolicyFile): Quorum {
  const checkpoint = bundle.tlogEntries[0]?.inclusionProof?.checkpoint;
  return checkpoint ? quorumIn(evaluatePolicy(policy, utf8Encode(checkpoint))) : 'not met';
}

function dateOf(posixSeconds: bigint): Date {
  return new Date(Number(posixSeconds) * 1000);
}
