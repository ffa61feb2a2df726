export { openKeyFile } from './key-file.js';
export type { KeyFileOptions } from './key-file.js';
export { generateSigner } from './private-key-signer.js';
export { Signer } from './signer.js';
export type { KeyRole, SigningAlgorithm } from './signer.js';
export { SignerError } from './signer-error.js';
export type { SignerErrorCode } from './signer-error.js';
