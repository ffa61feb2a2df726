import { toBase64 } from '#crypto';
import { equalBytes } from '#libs/crypto';
import { isWithin } from './time-range.js';
import type { TransparencyLog } from './trusted-root.js';
import { VerificationError } from './verification-error.js';

/** @throws VerificationError unknown-log */
export function trustedLog(logs: readonly TransparencyLog[], logId: Uint8Array): TransparencyLog {
  const log = logs.find((candidate) => equalBytes(candidate.logId, logId));
  if (log) return log;
  throw new VerificationError('unknown-log', `the trusted root has no log with the ID ${toBase64(logId)}`);
}

/** @throws VerificationError log-validity */
export function requireLogValidity(log: TransparencyLog, times: readonly { readonly time: Date }[]): void {
  const outside = times.find(({ time }) => !isWithin(log.validFor, time));
  if (outside) {
    throw new VerificationError(
      'log-validity',
      `the signature is of ${outside.time.toISOString()}, when the key of ${log.baseUrl} was not trusted`,
    );
  }
}

/** The names that a log may bear in its notes: the host of its base URL, for Rekor v1 also with the port. */
export function logNames({ baseUrl }: TransparencyLog): readonly string[] {
  const url = baseUrl.includes('://') ? baseUrl : `https://${baseUrl}`; // sigstore_trustroot.proto: may have no scheme
  if (!URL.canParse(url)) return [];
  const { hostname, host } = new URL(url);
  return [...new Set([hostname, host])];
}
