/**
 * Bytes as a string of as many characters. For what is small, and held in great numbers: an array takes half a KiB more, most of
 * it outside of the heap, where no collector sees it.
 */
export function packBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

export function unpackBytes(packed: string): Uint8Array {
  return new Uint8Array(Buffer.from(packed, 'latin1'));
}
