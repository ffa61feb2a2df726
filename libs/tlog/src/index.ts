export { TlogError } from './error.js';
export type { TlogErrorCode } from './error.js';
export { formatCheckpoint, openCheckpoint, parseCheckpoint } from './checkpoint.js';
export type { Checkpoint, OpenedCheckpoint } from './checkpoint.js';
export {
  cosignatureMessage,
  cosignatureVerifier,
  encodeCosignature,
  parseCosignature,
  subtreeCosignatureMessage,
} from './cosignature.js';
export type { CosignedSubtree, Cosignature } from './cosignature.js';
export {
  encodeRfc6962NoteSignature,
  parseRfc6962NoteSignature,
  treeHeadSignatureInput,
} from './rfc6962-note-signature.js';
export type { Rfc6962NoteSignature, TreeHeadScheme } from './rfc6962-note-signature.js';
export { logVerifier } from './log-verifier.js';
export { TILE_HEIGHT, TILE_WIDTH, entryBundlePath, parseTilePath, tilePath, tileWidth } from './tile.js';
export type { TileKind, TilePath } from './tile.js';
export { ENTRY_MAX_BYTES, encodeEntryBundle, parseEntryBundle } from './entry-bundle.js';
export { encodeTileLeaf, merkleTreeLeaf, parseTileLeaves, sctExtensions } from './tile-leaf.js';
export type { PrecertEntry, TileLeaf, X509Entry } from './tile-leaf.js';
export { EMPTY_EDGE, edgeFrontier, edgeRoot, integrate, partialTiles } from './integrate.js';
export type { Integration, Tile, TileEdge } from './integrate.js';
export { edgeFromTiles, tileNodeReader } from './tile-reader.js';
export type { FetchTile } from './tile-reader.js';
export { ISSUERS_MAX, rederive } from './rederive.js';
export type { Rederivation, Rederived } from './rederive.js';
export { detectLeafKind } from './log-files.js';
export type { FetchFile, LeafKind } from './log-files.js';
export type { Difference, DifferenceCode, TreeHead } from './difference.js';
export { PROOF_MAX_HASHES } from './preamble.js';
export { formatTlogProof, parseTlogProof } from './tlog-proof.js';
export type { TlogProof } from './tlog-proof.js';
export { formatPolicy, parsePolicy } from './policy.js';
export type { PolicyGroup, PolicyLog, PolicyWitness, TlogPolicy } from './policy.js';
export { evaluatePolicy, isQuorum } from './quorum.js';
export type { CosignedBy, PolicyVerdict } from './quorum.js';
export {
  formatAddCheckpointRequest,
  originHash,
  parseAddCheckpointRequest,
  witnessCheckpointPath,
} from './add-checkpoint.js';
export type { AddCheckpointRequest } from './add-checkpoint.js';
export {
  ADD_ENTRIES_MAX_PACKAGES,
  TICKET_MAX_BYTES,
  encodeAddEntriesHeader,
  encodeEntryPackage,
  packageRanges,
  packageRoot,
} from './add-entries.js';
export type { AddEntriesHeader, EntryPackage, PackageRange } from './add-entries.js';
export { AddEntriesReader } from './add-entries-reader.js';
export type { ReadPackage } from './add-entries-reader.js';
export { MIRROR_INFO_TYPE, formatMirrorInfo, parseMirrorInfo } from './mirror-info.js';
export type { MirrorInfo } from './mirror-info.js';
export { WITNESS_PROTOCOLS, formatWitnessReply, parseWitnessReply } from './witness-reply.js';
export type { WitnessReply } from './witness-reply.js';
