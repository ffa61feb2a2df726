/** IDs remembered for a peer, and for how long. */
const MAX_IDS = 16_384;
const TTL_MS = 10 * 60_000;

/**
 * What peers offered and gave in vain: another's configuration may know logs that ours doesn't. Kept by peer, because an ID
 * is only what this peer says about its bytes: nobody may spoil an ID for the others.
 */
export class Declined {
  readonly #peers = new Map<string, Map<string, number>>();

  of(peer: string): { has(id: string): boolean; add(id: string): void } {
    const ids = this.#peers.get(peer) ?? new Map<string, number>();
    this.#peers.set(peer, ids);
    return {
      has: (id) => (ids.get(id) ?? 0) > Date.now(),
      add: (id) => {
        ids.delete(id);
        ids.set(id, Date.now() + TTL_MS);
        const [oldest] = ids.keys();
        if (ids.size > MAX_IDS && oldest !== undefined) ids.delete(oldest);
      },
    };
  }

  forget(peer: string): void {
    this.#peers.delete(peer);
  }
}
