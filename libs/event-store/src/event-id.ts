import { sha256, toHex } from '#crypto';
import { concatBytes, u32, utf8Encode } from '#libs/crypto';

/**
 * A UUIDv8 (RFC 9562 §5.8) from the SHA-256 of the parts, each behind its length. An event whose id is derived from its
 * stream, its place and its content is the same event when it is appended again. Begin with the purpose and a version.
 */
export function eventId(...parts: readonly (string | Uint8Array)[]): string {
  const bytes = parts.map((part) => (typeof part === 'string' ? utf8Encode(part) : part));
  const hex = toHex(sha256(concatBytes(...bytes.flatMap((part) => [u32(part.length), part]))));
  const variant = ((parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
