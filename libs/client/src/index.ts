export { requestCertificate, fetchTrustBundle, type CertificateRequest } from './certificate-authority.js';
export { addPreChain } from './ct-log.js';
export type { CallOptions } from './exchange.js';
export { fetchHealth, type Health } from './health.js';
export { fetchIssuerMetadata, requestActionsToken, requestDevelopmentToken, type IssuerMetadata } from './issuer.js';
export { addEntry } from './log.js';
export {
  addEntries,
  uploadEntries,
  type AddEntriesAnswer,
  type AddEntriesRequest,
  type UploadSource,
} from './mirror.js';
export { ServiceError, type ServiceErrorCode, type ServiceErrorOptions } from './service-error.js';
export { fetchCheckpoint, fetchEntryBundle, fetchLogFile, fetchTile } from './tiles.js';
export { requestTimestamp } from './timestamp-authority.js';
export { fetchTrustMaterial } from './trust.js';
export { addCheckpoint, addCheckpointBy, fetchCosignedCheckpoint, type AddCheckpointAnswer } from './witness.js';
export { fetchEvidence, fetchWitnessStatus } from './witness-status.js';
export type { FrozenLog, WitnessedLog, WitnessPeer, WitnessStatus } from './witness-status.js';
