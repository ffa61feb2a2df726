export { EvidenceError } from './error.js';
export type { EvidenceErrorCode } from './error.js';
export {
  HEAD_MAX_BYTES,
  isSameVerifierKey,
  openSignedHeads,
  verifiedHead,
  verifiedHeads,
  statedTimeMs,
} from './signed-head.js';
export type { SignedHead } from './signed-head.js';
export { parseCanonicalHead } from './canonical-head.js';
export type { CanonicalHead } from './canonical-head.js';
export { judge } from './judge.js';
export type { Judgement } from './judge.js';
export { relateHeads } from './relate.js';
export type { Relation } from './relate.js';
export { relatePromise } from './relate-promise.js';
export type { PromiseRelation } from './relate-promise.js';
export { accusedId, evidenceFileName } from './evidence.js';
export type { DifferentSizes, Evidence, LeafIndex, PromisedEntry, SameSize } from './evidence.js';
export { EVIDENCE_MAX_BYTES, formatEvidence, parseEvidence } from './format.js';
export { leafPromise } from './leaf-promise.js';
export type { LeafPromise } from './leaf-promise.js';
export { verifyEvidence, weighEvidence } from './verify.js';
export type { ProvenEvidence } from './verify.js';
export { sharedTreeHeadKey } from './tree-head-key.js';
export type { Suspicion, SuspicionKind } from './suspicion.js';
