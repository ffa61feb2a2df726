import { fetchEvidence, fetchWitnessStatus, type CallOptions, type FrozenLog } from '#libs/client';
import { CodedError } from '#libs/crypto';
import { verifyEvidence, weighEvidence, type ProvenEvidence } from '#libs/evidence';
import { formatVerifierKey, type VerifierKey } from '#libs/note';

/** A file is small: who takes longer has none. */
const TIMEOUT_MS = 10_000;

/**
 * What a witness can show for having frozen logs, verified, as far as it accuses one of `trusted`: whoever froze a log on
 * another's word has no say here. At most one file per key is asked for, whatever the witness lists.
 */
export async function frozenEvidence(
  witnessUrl: string,
  frozen: readonly FrozenLog[],
  trusted: readonly VerifierKey[],
  call: CallOptions,
): Promise<ProvenEvidence[]> {
  const proven: ProvenEvidence[] = [];
  for (const vkey of new Set(trusted.map(formatVerifierKey))) {
    const path = frozen.find(({ key, evidencePath }) => key === vkey && evidencePath !== undefined)?.evidencePath;
    const evidence = path === undefined ? undefined : await fetchProof(witnessUrl, path, trusted, call);
    if (evidence) proven.push(evidence);
  }
  return proven;
}

/** Undefined when it is none that holds against any of `trusted`. */
async function fetchProof(
  witnessUrl: string,
  path: string,
  trusted: readonly VerifierKey[],
  call: CallOptions,
): Promise<ProvenEvidence | undefined> {
  try {
    const bytes = await fetchEvidence(witnessUrl, path, { ...call, timeoutMs: TIMEOUT_MS, tries: 1 });
    const proven = verifyEvidence(bytes);
    return weighEvidence(proven.evidence, trusted) === 'guilty' ? proven : undefined;
  } catch (error) {
    if (error instanceof CodedError) return undefined;
    throw error;
  }
}

/** The same of the log of this origin, as the witness's status has it; undefined when it has not frozen it. */
export async function evidenceAgainst(
  origin: string,
  witnessUrl: string,
  trusted: readonly VerifierKey[],
  call: CallOptions,
): Promise<ProvenEvidence | undefined> {
  const status = await fetchWitnessStatus(witnessUrl, call).catch(() => undefined);
  const ofLog = status?.frozen.filter((frozen) => frozen.origin === origin) ?? [];
  return (await frozenEvidence(witnessUrl, ofLog, trusted, call)).find((proven) => proven.origin === origin);
}
