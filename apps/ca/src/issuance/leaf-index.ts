import { ByteReader } from '#libs/crypto';

const LEAF_INDEX = 0;
const UINT40_BYTES = 5;

/**
 * The `leaf_index` in an SCT's extensions (static-ct-api, "SCT Extension"); undefined when a log gives none, or writes
 * its extensions another way: RFC 6962 leaves their contents open.
 */
export function leafIndexOf(extensions: Uint8Array): bigint | undefined {
  const reader = new ByteReader(extensions);
  try {
    while (reader.remaining > 0) {
      const type = reader.u8();
      const data = reader.vector(2);
      if (type === LEAF_INDEX && data.length === UINT40_BYTES)
        return data.reduce((n, byte) => (n << 8n) | BigInt(byte), 0n);
    }
  } catch {
    return undefined;
  }
  return undefined;
}
