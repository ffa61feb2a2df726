import { toBase64, toHex, verify } from '#crypto';
import { utf8Encode, type PublicKey, type SignatureScheme } from '#libs/crypto';
import { canonicalJson } from '#libs/entry';
import type { TlogEntry } from './tlog-entry.js';
import { requireLogValidity, trustedLog } from './trusted-log.js';
import type { VerifiedTime } from './times.js';
import type { TransparencyLog } from './trusted-root.js';
import { VerificationError } from './verification-error.js';

/**
 * The time that Rekor v1 put under its signed entry timestamp; none without a promise. In Rekor v2 there is neither.
 * @throws VerificationError inclusion-promise, integrated-time, unknown-log, log-validity
 */
export function integratedTime(entry: TlogEntry, logs: readonly TransparencyLog[], now: Date): readonly VerifiedTime[] {
  if (!entry.inclusionPromise) return [];
  const log = trustedLog(logs, entry.logId);
  if (!verify(log.publicKey, promiseScheme(log.publicKey), promisedData(entry), entry.inclusionPromise)) {
    throw new VerificationError('inclusion-promise', `the signed entry timestamp is not by the key of ${log.baseUrl}`);
  }
  const time = new Date(Number(entry.integratedTime) * 1000);
  if (!(time <= now)) {
    throw new VerificationError(
      'integrated-time',
      `${log.baseUrl} says that it has the entry since ${entry.integratedTime}, in the future`,
    );
  }
  const verified: VerifiedTime = { time, source: 'integrated-time', authority: log.baseUrl };
  requireLogValidity(log, [verified]);
  return [verified];
}

/** What a signed entry timestamp signs (rekor: pkg/api/entries.go). */
function promisedData({ canonicalizedBody, integratedTime: time, logId, logIndex }: TlogEntry): Uint8Array {
  return utf8Encode(
    canonicalJson({
      body: toBase64(canonicalizedBody),
      integratedTime: Number(time),
      logID: toHex(logId),
      logIndex: Number(logIndex),
    }),
  );
}

function promiseScheme({ algorithm }: PublicKey): SignatureScheme {
  return algorithm === 'ed25519' ? 'ed25519' : 'ecdsa-sha256';
}
