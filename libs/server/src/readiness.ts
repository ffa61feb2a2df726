/** Says why a part isn't ready to serve; undefined when it is. */
export type ReadinessCheck = () => string | undefined | Promise<string | undefined>;

/** What `/health/ready` asks. Parts of a service add their checks while they start. */
export class Readiness {
  readonly #checks = new Map<string, ReadinessCheck>();

  add(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, check);
  }

  checks(): ReadonlyMap<string, ReadinessCheck> {
    return this.#checks;
  }
}
