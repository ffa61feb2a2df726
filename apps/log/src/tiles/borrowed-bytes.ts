/**
 * Values that are found again for as long as somebody else holds their bytes, such as a socket that is still to send them.
 * Nothing is held here.
 */
export class BorrowedBytes<V> {
  readonly #bytes = new Map<string, WeakRef<ArrayBufferLike>>();
  readonly #values = new WeakMap<ArrayBufferLike, V>();
  readonly #collected = new FinalizationRegistry<string>((key) => {
    if (this.get(key) === undefined) this.delete(key); // others may have come in their place
  });

  get(key: string): V | undefined {
    const bytes = this.#bytes.get(key)?.deref();
    return bytes && this.#values.get(bytes);
  }

  set(key: string, value: V, bytes: ArrayBufferLike): void {
    this.#bytes.set(key, new WeakRef(bytes));
    this.#values.set(bytes, value);
    this.#collected.register(bytes, key);
  }

  delete(key: string): void {
    this.#bytes.delete(key);
  }
}
