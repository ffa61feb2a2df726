export { formatPeerBinding, openPeerBinding } from './binding.js';
export type { PeerBinding } from './binding.js';
export type { GossipContent, Sender, SyncKind, SyncVerdict, Topic, Verdict } from './content.js';
export { P2pNode } from './node.js';
export type { P2pOptions, PeerStatus, RequestHandler, RequestOptions } from './options.js';
export { P2pError } from './p2p-error.js';
export type { P2pErrorCode } from './p2p-error.js';
export { DEFAULT_TUNING } from './tuning.js';
export type { P2pTuning } from './tuning.js';
