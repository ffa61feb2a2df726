/** Peers that gossip, and to which our gossip stream is missing: since when. Gossipsub doesn't open a lost one again. */
export class DeadStreams {
  readonly #since = new Map<string, number>();

  constructor(private readonly toleratedMs: number) {}

  /** @returns the peers whose stream has been missing for too long; each is returned once. */
  round(peers: ReadonlyMap<string, boolean>, now: number = performance.now()): string[] {
    for (const peer of this.#since.keys()) if (peers.get(peer) !== false) this.#since.delete(peer);
    const dead: string[] = [];
    for (const [peer, hasStream] of peers) {
      if (hasStream) continue;
      const since = this.#since.get(peer) ?? now;
      if (now - since < this.toleratedMs) this.#since.set(peer, since);
      else {
        this.#since.delete(peer);
        dead.push(peer);
      }
    }
    return dead;
  }
}
