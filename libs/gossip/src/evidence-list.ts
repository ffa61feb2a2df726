import { evidenceFileName } from '#libs/evidence';
import { formatVerifierKey } from '#libs/note';
import type { EvidenceStore, StoredEvidence } from './evidence-store.js';

/** What `/evidence` answers, of a witness as of a monitor. */
export interface EvidenceList {
  readonly schema: 'tally/evidence-list/v1';
  readonly evidence: readonly {
    /** SHA-256 of the accused verifier key, hex. */
    readonly id: string;
    readonly origin: string;
    /** The verifier key. */
    readonly accused: string;
    readonly role: 'log' | 'witness';
    readonly kind: string;
    readonly summary: string;
    readonly storedAt: string;
    /** False once the operator has said so. */
    readonly frozen: boolean;
    /** The file, below the address of whoever answers. */
    readonly path: string;
  }[];
}

export function evidenceList(store: EvidenceStore): EvidenceList {
  return {
    schema: 'tally/evidence-list/v1',
    evidence: store.list().map(({ id, proven, storedAt, frozen }) => ({
      id,
      origin: proven.origin,
      accused: formatVerifierKey(proven.accused),
      role: proven.role,
      kind: proven.evidence.kind,
      summary: proven.summary,
      storedAt: storedAt.toISOString(),
      frozen,
      path: evidencePath(id),
    })),
  };
}

/** Where the file of an evidence is, below the address of whoever has it. */
export function evidencePath(id: string): string {
  return `/evidence/${evidenceFileName(id)}`;
}

/** The evidence that has its file under this name. */
export function evidenceOfFile(store: EvidenceStore, fileName: string): StoredEvidence | undefined {
  return store.list().find(({ id }) => evidenceFileName(id) === fileName);
}
