import { fromBase64 } from '#crypto';

/**
 * A `bytes` field of protobuf JSON: base64 of either alphabet, padded or not (protobuf: ProtoJSON Format).
 * @throws BytesError malformed-base64
 */
export function decodeProtoBytes(text: string): Uint8Array {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  return fromBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '='));
}
