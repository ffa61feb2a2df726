export { TileStore } from './tile-store.js';
export type { TileFile } from './tile-store.js';
export { TileStoreError } from './tile-store-error.js';
export type { TileStoreErrorCode } from './tile-store-error.js';
