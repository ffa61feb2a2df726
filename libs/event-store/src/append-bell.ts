/** Wakes those who wait for an append to a stream. It carries nothing: who wakes up reads the store. */
export class AppendBell {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Resolves at the next ring, or when the signal aborts. The caller looks at the store first, in the same tick. */
  wait(stream: string, signal: AbortSignal): Promise<void> {
    const waiting = this.#waiting.get(stream) ?? new Set();
    this.#waiting.set(stream, waiting);
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        waiting.delete(wake);
        if (waiting.size === 0) this.#waiting.delete(stream);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  ring(stream: string): void {
    for (const wake of this.#waiting.get(stream) ?? []) wake();
  }

  ringAll(): void {
    for (const stream of this.#waiting.keys()) this.ring(stream);
  }
}
