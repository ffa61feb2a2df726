import { fromBase64 } from '#crypto';
import { HASH_BYTES, MAX_SIZE } from '#libs/merkle';

// What the lines of the tlog-* text formats are made of. Each reader gives undefined for what is not canonical, so that
// the format that met it can say where.

/** An ASCII decimal without leading zeros, at most 2^63 − 1. */
export function parseDecimal(text: string): bigint | undefined {
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value <= MAX_SIZE ? value : undefined;
}

/** Canonical, padded base64 of the standard alphabet. */
export function parseBase64(text: string): Uint8Array | undefined {
  try {
    return fromBase64(text);
  } catch {
    return undefined;
  }
}

/** A hash of the tree in base64. */
export function parseHash(text: string): Uint8Array | undefined {
  const hash = parseBase64(text);
  return hash?.length === HASH_BYTES ? hash : undefined;
}
