/** What can go wrong at a step. Those with `persisted` have done their work and only say that they failed. */
export const FILE_FAULTS = ['fail', 'fail-but-persisted', 'short-write', 'no-space', 'sync-fails'] as const;
export const STORE_FAULTS = [
  'unavailable',
  'outcome-unknown',
  'outcome-unknown-but-persisted',
  'poisoned',
  'poisoned-but-persisted',
  'second-writer',
] as const;
export const ENDS = ['killed-before', 'killed-after', 'power-cut-before', 'power-cut-after'] as const;
export type Fault = (typeof FILE_FAULTS)[number] | (typeof STORE_FAULTS)[number] | (typeof ENDS)[number];

/** One fault, at one step. */
export interface Plan {
  readonly fault: Fault;
  readonly step: string;
  /** 0 is the first time that the step is reached. */
  readonly occurrence: number;
}

/** Counts steps, over all the processes of a test, and says when the planned fault is due. */
export class Faults {
  /** How often each step was reached. */
  readonly reached = new Map<string, number>();
  fired = false;

  #armed: { readonly fault: Fault; left: number } | undefined;

  constructor(private readonly plan?: Plan) {}

  /** Plans a fault for the step after the next `left` ones, whatever it is. */
  arm(fault: Fault, left: number): void {
    this.#armed = { fault, left };
  }

  disarm(): void {
    this.#armed = undefined;
  }

  next(step: string): Fault | undefined {
    if (this.#armed && this.#armed.left-- === 0) {
      const { fault } = this.#armed;
      this.#armed = undefined;
      this.fired = true;
      return fault;
    }
    const occurrence = this.reached.get(step) ?? 0;
    this.reached.set(step, occurrence + 1);
    if (this.plan?.step !== step || this.plan.occurrence !== occurrence) return undefined;
    this.fired = true;
    return this.plan.fault;
  }
}

/** What a program that has ended gets for everything it tries: it can't do anything any more. */
export class ProcessEnded extends Error {
  constructor() {
    super('the process has ended');
  }
}

/** A program that can be ended at any of its steps: nothing that it does afterwards has an effect or is heard. */
export class SimulatedProcess {
  #alive = true;

  constructor(
    private readonly faults: Faults,
    private readonly cutPower: () => void,
    private readonly pause?: () => Promise<void>,
  ) {}

  get alive(): boolean {
    return this.#alive;
  }

  end(): void {
    this.#alive = false;
  }

  /** @throws ProcessEnded */
  check(): void {
    if (!this.#alive) throw new ProcessEnded();
  }

  /**
   * Takes one step.
   * @param otherwise what happens at a fault that isn't the end of the process
   */
  async step<T>(name: string, effect: () => Promise<T>, otherwise: (fault: Fault) => Promise<T>): Promise<T> {
    await this.pause?.();
    this.check();
    const fault = this.faults.next(name);
    switch (fault) {
      case 'killed-before':
      case 'power-cut-before':
        break;
      case 'killed-after':
      case 'power-cut-after':
        await effect();
        break;
      default: {
        const result = await (fault === undefined ? effect() : otherwise(fault));
        await this.pause?.();
        this.check(); // ended meanwhile: it never learns of the result
        return result;
      }
    }
    this.end();
    if (fault.startsWith('power-cut')) this.cutPower();
    throw new ProcessEnded();
  }
}
