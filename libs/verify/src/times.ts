import { TimestampError, verifyTimestamp } from '#libs/timestamp';
import { signatureOf, type Bundle } from './bundle.js';
import { integratedTime } from './inclusion-promise.js';
import type { CertificateAuthority, TrustedRoot } from './trusted-root.js';
import { VerificationError } from './verification-error.js';

/** A time at which the signature existed, by someone whom the trusted root names. */
export interface VerifiedTime {
  readonly time: Date;
  readonly source: 'timestamp-authority' | 'integrated-time';
  /** The authority's URI (or name), the log's base URL. */
  readonly authority: string;
}

/**
 * Every RFC 3161 timestamp over the signature, and what Rekor v1 promised; an inclusion proof is no time.
 * @throws VerificationError timestamp, inclusion-promise, integrated-time, unknown-log, log-validity, no-trusted-time
 */
export function establishTimes(bundle: Bundle, trustedRoot: TrustedRoot, now: Date): readonly VerifiedTime[] {
  const signature = signatureOf(bundle.content);
  const times = [
    ...bundle.timestamps.flatMap((timestamp) => timestampTime(timestamp, signature, trustedRoot.timestampAuthorities)),
    ...bundle.tlogEntries.flatMap((entry) => integratedTime(entry, trustedRoot.tlogs, now)),
  ];
  if (times.length === 0) {
    const lack = bundle.timestamps.length > 0 ? 'no timestamp is by an authority of the trusted root' : 'no timestamp';
    throw new VerificationError('no-trusted-time', `nothing says when the signature was made: ${lack}`);
  }
  return times;
}

/** None if the timestamp is by an authority that the trusted root does not name: it speaks neither for nor against. */
function timestampTime(
  timestamp: Uint8Array,
  signature: Uint8Array,
  authorities: readonly CertificateAuthority[],
): readonly VerifiedTime[] {
  try {
    const { time, authority } = verifyTimestamp(timestamp, signature, authorities);
    return [{ time, source: 'timestamp-authority', authority: authority.uri || authority.subject.commonName }];
  } catch (cause) {
    if (!(cause instanceof TimestampError)) throw cause;
    if (cause.code === 'unknown-signer') return [];
    throw new VerificationError('timestamp', `the timestamp of the signature: ${cause.message}`, { cause });
  }
}
