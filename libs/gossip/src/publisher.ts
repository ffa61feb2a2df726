/** What a node wants the network to hear of. */
export interface Publisher {
  head(origin: string, note: Uint8Array, urgent: boolean): void;
  evidence(file: Uint8Array): void;
  /** Whether this head is still to be published. */
  waits?(origin: string, note: Uint8Array): boolean;
}

/** The network, from the moment when there is one. */
export class Outlet implements Required<Publisher> {
  #publisher: Publisher | undefined;

  open(publisher: Publisher): void {
    this.#publisher = publisher;
  }

  head(origin: string, note: Uint8Array, urgent: boolean): void {
    this.#publisher?.head(origin, note, urgent);
  }

  evidence(file: Uint8Array): void {
    this.#publisher?.evidence(file);
  }

  waits(origin: string, note: Uint8Array): boolean {
    return this.#publisher?.waits?.(origin, note) === true;
  }
}
