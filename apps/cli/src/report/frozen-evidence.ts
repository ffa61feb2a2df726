import { fetchEvidence, fetchWitnessStatus, type CallOptions, type FrozenLog } from '#libs/client';
import { CodedError } from '#libs/crypto';
import { verifyEvidence, weighEvidence, type ProvenEvidence } from '#libs/evidence';
import type { VerifierKey } from '#libs/note';

/**
 * What a witness can show for having frozen a log, verified, if it accuses one of `trusted`: whoever froze it on another's
 * word has no say here. Undefined when it offers nothing that holds.
 */
export async function frozenEvidence(
  witnessUrl: string,
  { evidencePath }: FrozenLog,
  trusted: readonly VerifierKey[],
  call: CallOptions,
): Promise<ProvenEvidence | undefined> {
  if (evidencePath === undefined) return undefined;
  try {
    const proven = verifyEvidence(await fetchEvidence(witnessUrl, evidencePath, call));
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
  for (const frozen of status?.frozen ?? []) {
    if (frozen.origin !== origin) continue;
    const proven = await frozenEvidence(witnessUrl, frozen, trusted, call);
    if (proven) return proven;
  }
  return undefined;
}
