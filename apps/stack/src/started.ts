type Close = () => Promise<void> | void;

/** What has been started, so that it can be stopped: the newest first, each of them even if another one fails. */
export class Started {
  readonly #closers: Close[] = [];

  add(close: Close): void {
    this.#closers.push(close);
  }

  /** Starts all at once, and waits for all: a failure leaves nothing half-way. @throws what the first that failed threw */
  async together<T extends { close: Close }>(starts: readonly Promise<T>[]): Promise<T[]> {
    const outcomes = await Promise.allSettled(starts);
    const running: T[] = [];
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') continue;
      this.add(() => outcome.value.close());
      running.push(outcome.value);
    }
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return running;
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be stopped in order');
  }
}
