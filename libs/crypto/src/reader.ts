import { BytesError } from './coded-error.js';

/** Reads big-endian integers and length-prefixed vectors (TLS presentation language, RFC 8446 §3) from hostile bytes. */
export class ByteReader {
  #offset = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  u24(): number {
    const at = this.#advance(3);
    return (this.#view.getUint16(at) << 8) | this.#view.getUint8(at + 2);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8));
  }

  /** The next `length` bytes, a view into the input. */
  take(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A vector whose length is in the 1, 2 or 3 bytes before it. */
  vector(lengthBytes: 1 | 2 | 3): Uint8Array {
    return this.take(lengthBytes === 1 ? this.u8() : lengthBytes === 2 ? this.u16() : this.u24());
  }

  /** @throws BytesError trailing-data */
  end(): void {
    if (this.remaining !== 0)
      throw new BytesError('trailing-data', `${this.remaining} bytes follow where the data should end`);
  }

  #advance(length: number): number {
    const at = this.#offset;
    if (length > this.remaining) {
      throw new BytesError('truncated', `${length} bytes are wanted at offset ${at}, only ${this.remaining} are left`);
    }
    this.#offset = at + length;
    return at;
  }
}

function integer(width: number, limit: number, value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > limit) {
    throw new RangeError(`${value} does not fit ${width} unsigned bytes`);
  }
  const bytes = new Uint8Array(width);
  for (let i = width - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return bytes;
}

export function u16(value: number): Uint8Array {
  return integer(2, 0xffff, value);
}

export function u24(value: number): Uint8Array {
  return integer(3, 0xffffff, value);
}

export function u32(value: number): Uint8Array {
  return integer(4, 0xffffffff, value);
}

// Used again and copied: a short array whose `buffer` nobody asks for has no memory outside of the heap.
const u64Bytes = new Uint8Array(8);
const u64View = new DataView(u64Bytes.buffer);

export function u64(value: bigint): Uint8Array {
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError(`${value} does not fit 8 unsigned bytes`);
  u64View.setBigUint64(0, value);
  return new Uint8Array(u64Bytes);
}

/** `data` behind its length in 1, 2 or 3 bytes. @throws RangeError when it is too long for that */
export function vector(lengthBytes: 1 | 2 | 3, data: Uint8Array): Uint8Array {
  const length = integer(lengthBytes, 2 ** (8 * lengthBytes) - 1, data.length);
  const bytes = new Uint8Array(lengthBytes + data.length);
  bytes.set(length);
  bytes.set(data, lengthBytes);
  return bytes;
}
