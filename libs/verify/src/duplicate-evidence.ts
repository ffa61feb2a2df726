import { equalBytes } from '#libs/crypto';
import type { Bundle } from './bundle.js';
import { VerificationError } from './verification-error.js';

/** Refuses two entries of one log, and one timestamp twice. @throws VerificationError duplicate-evidence */
export function refuseDuplicates({ tlogEntries, timestamps }: Bundle): void {
  refuse(
    'log entry of one log',
    tlogEntries.map(({ logId }) => logId),
  );
  refuse('timestamp', timestamps);
}

function refuse(what: string, evidence: readonly Uint8Array[]): void {
  if (evidence.some((one, i) => evidence.slice(0, i).some((earlier) => equalBytes(earlier, one)))) {
    throw new VerificationError('duplicate-evidence', `the bundle has more than one ${what}, each counts once only`);
  }
}
