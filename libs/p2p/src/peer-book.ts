import type { VerifierKey } from '#libs/note';
import type { PeerBinding } from './binding.js';
import type { Sender } from './content.js';
import type { P2pTuning } from './tuning.js';

/** Peers that we remember something bad about; more are forgotten, the oldest first. */
const REMEMBERED_PEERS = 4096;
/** A witness key speaks for so many peers at once: enough for a move, too few to fill the reserved places. */
const PEERS_PER_WITNESS = 4;
/** An address of which so many strangers are denied is denied to strangers. */
const DENIED_PER_HOST = 3;
const PENALTY_HALF_LIFE_MS = 10 * 60_000;
const BOUND_SCORE = 20;

/** What a peer can do wrong, and what it costs; a peer at the score limit (80) is cut off. */
export const PENALTY = {
  /** A message with a bad signature: honest peers never pass one on. */
  rejected: 10,
  /** Frames that the protocol doesn't allow. */
  violation: 25,
  /** Streams that stall: it may be the network. */
  stalled: 5,
  /** A message or an exchange more than anybody may send. */
  flooding: 1,
} as const;

interface Denial {
  readonly until: number;
  readonly host: string | undefined;
  readonly reserved: boolean;
}

/** What we hold for and against peers, across their connections: gossipsub forgets a score at a reconnect. */
export class PeerBook {
  readonly #reserved = new Map<string, string>();
  readonly #expected = new Set<string>();
  readonly #bindings = new Map<string, { readonly binding: PeerBinding; readonly note: Uint8Array }>();
  readonly #penalties = new Map<string, { points: number; at: number }>();
  readonly #denials = new Map<string, Denial>();

  constructor(
    private readonly tuning: Pick<P2pTuning, 'scoreLimit' | 'denyMs'>,
    private readonly now: () => number = Date.now,
  ) {}

  /** The peer found at a configured address. */
  reserve(address: string, peer: string): void {
    this.#reserved.set(address, peer);
  }

  /** A peer that has its place wherever it calls from. */
  expect(peer: string): void {
    this.#expected.add(peer);
  }

  unreserve(peer: string): void {
    this.#expected.delete(peer);
    for (const [address, reserved] of this.#reserved) if (reserved === peer) this.#reserved.delete(address);
  }

  /** The configured addresses at which this peer was found. */
  addressesOf(peer: string): string[] {
    return [...this.#reserved].filter(([, reserved]) => reserved === peer).map(([address]) => address);
  }

  reservedAt(address: string): string | undefined {
    return this.#reserved.get(address);
  }

  isConfigured(peer: string): boolean {
    return this.#expected.has(peer) || [...this.#reserved.values()].includes(peer);
  }

  /** Configured, or bound to a configured witness key. */
  isReserved(peer: string): boolean {
    return this.isConfigured(peer) || this.witnessOf(peer) !== undefined;
  }

  bind(binding: PeerBinding, note: Uint8Array): void {
    const others = [...this.#bindings.values()]
      .map((entry) => entry.binding)
      .filter(({ witness, peerId }) => witness.name === binding.witness.name && peerId !== binding.peerId)
      .toSorted((a, b) => b.notBefore.getTime() - a.notBefore.getTime());
    for (const old of others.slice(PEERS_PER_WITNESS - 1)) this.#bindings.delete(old.peerId);
    this.#bindings.set(binding.peerId, { binding, note });
  }

  witnessOf(peer: string): VerifierKey | undefined {
    const binding = this.#bindings.get(peer)?.binding;
    return binding !== undefined && binding.notAfter.getTime() >= this.now() ? binding.witness : undefined;
  }

  bindingNote(peer: string): Uint8Array | undefined {
    return this.witnessOf(peer) === undefined ? undefined : this.#bindings.get(peer)?.note;
  }

  senderOf(peer: string): Sender {
    const witness = this.witnessOf(peer);
    return witness === undefined ? { peer } : { peer, witness };
  }

  /** @returns whether the peer is at the limit: to be cut off at once. */
  penalise(peer: string, points: number): boolean {
    const total = this.#points(peer) + points;
    this.#penalties.delete(peer);
    this.#penalties.set(peer, { points: total, at: this.now() });
    forgetOldest(this.#penalties);
    return -total <= this.tuning.scoreLimit;
  }

  /** The part of a peer's score that is ours to give. */
  score(peer: string): number {
    return (this.witnessOf(peer) === undefined ? 0 : BOUND_SCORE) - this.#points(peer);
  }

  deny(peer: string, host: string | undefined): void {
    this.#denials.delete(peer);
    this.#denials.set(peer, {
      until: this.now() + this.tuning.denyMs,
      host,
      reserved: this.isReserved(peer),
    });
    // Paid for: whoever comes back begins anew.
    this.#penalties.delete(peer);
    forgetOldest(this.#denials);
  }

  isDenied(peer: string): boolean {
    const denial = this.#denials.get(peer);
    if (denial === undefined) return false;
    if (denial.until > this.now()) return true;
    this.#denials.delete(peer);
    return false;
  }

  /** Whether strangers are refused at this address: new peer IDs cost nothing. */
  isHostDenied(host: string): boolean {
    let denied = 0;
    for (const denial of this.#denials.values()) {
      if (denial.host === host && !denial.reserved && denial.until > this.now()) denied += 1;
    }
    return denied >= DENIED_PER_HOST;
  }

  deniedCount(): number {
    return [...this.#denials.keys()].filter((peer) => this.isDenied(peer)).length;
  }

  #points(peer: string): number {
    const penalty = this.#penalties.get(peer);
    return penalty === undefined ? 0 : penalty.points * 0.5 ** ((this.now() - penalty.at) / PENALTY_HALF_LIFE_MS);
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    if (map.size <= REMEMBERED_PEERS) return;
    map.delete(key);
  }
}
