export { FileSystem } from './file-system.js';
export { nodeFileSystem } from './node-file-system.js';
export { replaceFile } from './replace-file.js';
export type { ReplaceOptions } from './replace-file.js';
export { TileStore } from './tile-store.js';
export type { TileFile, TileStoreOptions } from './tile-store.js';
export { TileStoreError } from './tile-store-error.js';
export type { TileStoreErrorCode } from './tile-store-error.js';
