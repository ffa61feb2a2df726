import { BytesError } from './coded-error.js';

const encoder = new TextEncoder();
// A byte order mark is data here: what was signed is never normalised.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8Encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** @throws BytesError malformed-utf8 */
export function utf8Decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new BytesError('malformed-utf8', `${bytes.length} bytes are not valid UTF-8`, { cause });
  }
}
