/** 10 bits a key and 7 probes: one absent key in a hundred looks present. */
const BITS_PER_KEY = 10;
const PROBES = 7;

export function filterBytes(keys: number): number {
  return Math.ceil((Math.max(1, keys) * BITS_PER_KEY) / 8);
}

/**
 * A Bloom filter over keys that are hashes already: two words of the key make all probes (Kirsch and Mitzenmacher).
 * `bits` has `filterBytes(keys)` bytes.
 */
export class BloomFilter {
  constructor(readonly bits: Uint8Array) {}

  add(key: Uint8Array): void {
    this.#probe(key, (byte, bit) => {
      this.bits[byte] = (this.bits[byte] ?? 0) | bit;
      return true;
    });
  }

  /** False: it is not there. True: it probably is. */
  mayHave(key: Uint8Array): boolean {
    return this.#probe(key, (byte, bit) => ((this.bits[byte] ?? 0) & bit) !== 0);
  }

  #probe(key: Uint8Array, visit: (byte: number, bit: number) => boolean): boolean {
    const size = this.bits.length * 8;
    let position = word(key, 8) % size;
    const step = 1 + (word(key, 12) % (size - 1));
    for (let i = 0; i < PROBES; i++) {
      if (!visit(position >>> 3, 1 << (position & 7))) return false;
      position += step;
      if (position >= size) position -= size;
    }
    return true;
  }
}

/** An unsigned 32-bit word; the first 8 bytes of a key order the run, and are left to that. */
function word(key: Uint8Array, at: number): number {
  return (((key[at] ?? 0) << 24) | ((key[at + 1] ?? 0) << 16) | ((key[at + 2] ?? 0) << 8) | (key[at + 3] ?? 0)) >>> 0;
}
