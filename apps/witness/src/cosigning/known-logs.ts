import type { NoteVerifier, VerifierKey } from '#libs/note';
import { logVerifier } from '#libs/tlog';

/** The logs that the witness is configured for, by origin. */
export class KnownLogs {
  readonly #verifiers = new Map<string, NoteVerifier[]>();

  constructor(keys: readonly VerifierKey[]) {
    for (const key of keys) this.#verifiers.set(key.name, [...this.verifiersOf(key.name), logVerifier(key)]);
  }

  /** The verifiers of every key that is trusted for the origin; none for an origin that is unknown. */
  verifiersOf(origin: string): readonly NoteVerifier[] {
    return this.#verifiers.get(origin) ?? [];
  }

  get count(): number {
    return this.#verifiers.size;
  }
}
