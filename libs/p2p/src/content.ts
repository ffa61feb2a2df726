import type { VerifierKey } from '#libs/note';

/** What becomes of a message: passed on, dropped in silence, or dropped and held against the peer that sent it. */
export type Verdict = 'accept' | 'ignore' | 'reject';

/** `later`: nothing is wrong with it, and there is no room for it now: to be asked for again. */
export type SyncVerdict = Verdict | 'later';

/** What is gossiped. */
export type Topic = 'checkpoint' | 'evidence';

/** What anti-entropy carries: what is gossiped, and cosigned checkpoints, which are never published. */
export type SyncKind = Topic | 'cosigned';

/** Who handed a message over. Not who made it: nothing is known about that. */
export interface Sender {
  /** The peer ID; the connection proves it. */
  readonly peer: string;
  /** The configured witness key that a signed note binds this peer to. */
  readonly witness?: VerifierKey;
}

/** What anti-entropy carries. */
export interface SyncItem {
  readonly kind: SyncKind;
  readonly data: Uint8Array;
}

/** What the messages mean. The network knows bytes only. */
export interface GossipContent {
  /** What gossip does with a message. Synchronous, CPU only, never throws. `accept` has also taken it in. */
  receive(topic: Topic, data: Uint8Array, sender: Sender): Verdict;

  /** Everything that anti-entropy offers: IDs of 24 bytes, as 48 hexadecimal digits in lower case, in any order, spread evenly over their first byte. */
  ids(): Iterable<string>;

  /** The message behind an ID; `undefined` when it is gone. */
  get(id: string): Promise<{ readonly topic: SyncKind; readonly data: Uint8Array } | undefined>;

  /** An item that came by anti-entropy. `accept` = it was new: it is published on its topic (a `cosigned` one never is). */
  receiveSynced(kind: SyncKind, data: Uint8Array, sender: Sender): Promise<SyncVerdict>;
}
