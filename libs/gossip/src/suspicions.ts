import type { Suspicion } from '#libs/evidence';

/** A suspicion with when it was raised first and seen last, in ms since the epoch. */
export interface RaisedSuspicion {
  readonly suspicion: Suspicion;
  readonly sinceMs: number;
  readonly lastMs: number;
}

const SUSPICIONS_MAX = 1024;

/**
 * What looks wrong and can't be proven. Shown to the operator, and nothing else: a suspicion freezes nothing, is not
 * gossiped, and goes away with a new start.
 */
export class Suspicions {
  readonly #raised = new Map<string, RaisedSuspicion>();

  constructor(private readonly onRaised: (suspicion: Suspicion) => void) {}

  raise(suspicion: Suspicion, atMs: number): void {
    const name = nameOf(suspicion);
    const earlier = this.#raised.get(name);
    this.#raised.delete(name);
    this.#raised.set(name, { suspicion, sinceMs: earlier?.sinceMs ?? atMs, lastMs: atMs });
    if (earlier === undefined) this.onRaised(suspicion);
    if (this.#raised.size > SUSPICIONS_MAX) this.#raised.delete(this.#oldest());
  }

  /** What was suspected has been explained. */
  settle(suspicion: Pick<Suspicion, 'kind' | 'origin'>): void {
    this.#raised.delete(nameOf(suspicion));
  }

  list(): RaisedSuspicion[] {
    return [...this.#raised.values()];
  }

  #oldest(): string {
    for (const name of this.#raised.keys()) return name;
    return '';
  }
}

function nameOf({ kind, origin }: Pick<Suspicion, 'kind' | 'origin'>): string {
  return `${kind} ${origin}`;
}
