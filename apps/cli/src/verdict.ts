import { toBase64 } from '#crypto';
import type { Identity } from '#libs/certificate';
import { utf8Encode } from '#libs/crypto';
import { evaluatePolicy } from '#libs/tlog';
import type { Bundle, Verification } from '#libs/verify';
import { plain, shownTime } from './lines.js';
import type { PolicyFile } from './policy-file.js';
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
    ['witnesses', witnessText(verification, bundle, policy)],
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
      time: new Date(Number(timestamp) * 1000).toISOString(),
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

function witnessText({ witnesses }: Verification, bundle: Bundle, policy: PolicyFile | undefined): string {
  if (policy === undefined) return 'not looked at: there is no tlog-policy';
  const names =
    witnesses.length === 0 ? 'none cosigned' : `${witnesses.map(({ name }) => plain(name)).join(', ')} cosigned`;
  return `${names} (quorum of the policy ${quorumOf(bundle, policy) ? 'met' : 'not met'})`;
}

/** Shown here, demanded nowhere: who demands it says so by exit code 7. */
function quorumOf(bundle: Bundle, policy: PolicyFile): boolean {
  const checkpoint = bundle.tlogEntries[0]?.inclusionProof?.checkpoint;
  return checkpoint !== undefined && evaluatePolicy(policy.policy, utf8Encode(checkpoint)).quorum;
}
