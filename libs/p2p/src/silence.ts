import type { Connection } from '@libp2p/interface';

/**
 * Connections on which nothing has come in, round after round, though every peer is pinged: a NAT has forgotten them, or the
 * machine behind is gone. TCP alone takes a quarter of an hour to find that out. Rounds are counted, and not time: while this
 * process stands still, nobody is silent.
 */
export class Silence {
  readonly #rounds = new Map<Connection, number>();

  constructor(private readonly toleratedRounds: number) {}

  /** @param heard whether anything has come in on it since the last round. @returns those that are silent for too long */
  round(open: readonly Connection[], heard: (connection: Connection) => boolean): Connection[] {
    for (const connection of this.#rounds.keys()) if (!open.includes(connection)) this.#rounds.delete(connection);
    for (const connection of open) {
      this.#rounds.set(connection, heard(connection) ? 0 : (this.#rounds.get(connection) ?? 0) + 1);
    }
    return open.filter((connection) => (this.#rounds.get(connection) ?? 0) > this.toleratedRounds);
  }
}
