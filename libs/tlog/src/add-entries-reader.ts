import { BytesError, ByteReader, concatBytes, utf8Decode } from '#libs/crypto';
import { HASH_BYTES, MAX_SIZE } from '#libs/merkle';
import { packageRanges, type AddEntriesHeader, type EntryPackage, type PackageRange } from './add-entries.js';
import { TlogError } from './error.js';
import { PROOF_MAX_HASHES } from './preamble.js';

/** A package as it was read: nothing of it is verified. */
export interface ReadPackage extends EntryPackage {
  readonly range: PackageRange;
}

/**
 * Reads the body of tlog-mirror `add-entries` as it comes in, one package after the other: what is in memory is one package,
 * at most 16 MiB, whatever the body is. It asks for no byte before it needs it.
 */
export class AddEntriesReader {
  readonly #bytes: ByteStream;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#bytes = new ByteStream(chunks);
  }

  /** First, once. @throws TlogError malformed-request, and whatever the source throws */
  async header(): Promise<AddEntriesHeader> {
    const bytes = this.#bytes;
    const origin = await bytes.vector();
    const numbers = await bytes.take(16);
    const ticket = await bytes.vector();
    if (origin === undefined || numbers === undefined || ticket === undefined) throw malformed('its header ends early');
    const reader = new ByteReader(numbers);
    const [start, end] = [reader.u64(), reader.u64()];
    if (start > end || end > MAX_SIZE) throw malformed(`[${start}, ${end}) is no range from 0 to 2^63 - 1`);
    try {
      return { origin: utf8Decode(origin), start, end, ticket };
    } catch (cause) {
      if (cause instanceof BytesError) throw malformed('the origin is not UTF-8', { cause });
      throw cause;
    }
  }

  /**
   * The packages of the canonical sequence, as far as they are there whole: a body may end anywhere.
   * @throws TlogError malformed-request for more hashes than a proof can have, and whatever the source throws
   */
  async *packages({ start, end }: Pick<AddEntriesHeader, 'start' | 'end'>): AsyncGenerator<ReadPackage, void> {
    for (const range of packageRanges(start, end)) {
      const entries: Uint8Array[] = [];
      for (let index = range.start; index < range.end; index++) {
        const entry = await this.#bytes.vector();
        if (entry === undefined) return;
        entries.push(entry);
      }
      const count = (await this.#bytes.take(1))?.[0];
      if (count === undefined) return;
      if (count > PROOF_MAX_HASHES) throw malformed(`a proof of ${count} hashes, it has at most ${PROOF_MAX_HASHES}`);
      const hashes = await this.#bytes.take(count * HASH_BYTES);
      if (hashes === undefined) return;
      const proof = Array.from({ length: count }, (_, i) => hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
      yield { range, entries, proof };
    }
  }
}

/** Takes bytes off a source in the lengths that are wanted. */
class ByteStream {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** A copy, so that a small entry does not hold a large chunk. Undefined when the source ends before. */
  async take(length: number): Promise<Uint8Array | undefined> {
    // The usual case, and no promise of its own for each of a thousand small entries.
    if (length > this.#chunk.length && !(await this.#gather(length))) return undefined;
    const taken = this.#chunk.slice(0, length);
    this.#chunk = this.#chunk.subarray(length);
    return taken;
  }

  /** Behind its length, u16. */
  async vector(): Promise<Uint8Array | undefined> {
    const length = await this.take(2);
    return length && this.take(((length[0] ?? 0) << 8) | (length[1] ?? 0));
  }

  async #gather(length: number): Promise<boolean> {
    const chunks = [this.#chunk];
    for (let have = this.#chunk.length; have < length;) {
      const { done, value } = await this.#source.next();
      if (done) return false;
      chunks.push(value);
      have += value.length;
    }
    this.#chunk = concatBytes(...chunks);
    return true;
  }
}

function malformed(problem: string, options?: ErrorOptions): TlogError {
  return new TlogError('malformed-request', `add-entries request: ${problem}`, options);
}
