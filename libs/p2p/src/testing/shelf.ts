import { sha256, toHex } from '#crypto';
import { concatBytes, utf8Encode } from '#libs/crypto';
import type { GossipContent, Sender, SyncKind, SyncVerdict, Topic, Verdict } from '../content.js';

/** A message that a `Shelf` accepts, ignores or rejects, by its first byte. */
export function message(verdict: Verdict, text: string): Uint8Array {
  return concatBytes(Uint8Array.of({ accept: 1, ignore: 2, reject: 3 }[verdict]), utf8Encode(text));
}

export function messageText(data: Uint8Array): string {
  return Buffer.from(data.subarray(1)).toString('utf8');
}

/** Content with a simple rule: the first byte is the verdict, and nothing is accepted twice. */
export class Shelf implements GossipContent {
  readonly items = new Map<string, { topic: SyncKind; data: Uint8Array }>();
  /** Whether what comes by anti-entropy is put off. */
  full = false;
  readonly received: { via: 'gossip' | 'sync'; kind: SyncKind; data: Uint8Array; sender: Sender }[] = [];

  put(topic: SyncKind, data: Uint8Array): boolean {
    const id = toHex(sha256(data).subarray(0, 24));
    if (this.items.has(id)) return false;
    this.items.set(id, { topic, data });
    return true;
  }

  texts(): string[] {
    return [...this.items.values()].map(({ data }) => messageText(data)).toSorted();
  }

  receive(topic: Topic, data: Uint8Array, sender: Sender): Verdict {
    this.received.push({ via: 'gossip', kind: topic, data, sender });
    return this.#judge(topic, data);
  }

  ids(): Iterable<string> {
    return this.items.keys();
  }

  async get(id: string): Promise<{ topic: SyncKind; data: Uint8Array } | undefined> {
    return this.items.get(id);
  }

  async receiveSynced(kind: SyncKind, data: Uint8Array, sender: Sender): Promise<SyncVerdict> {
    this.received.push({ via: 'sync', kind, data, sender });
    if (this.full) return 'later';
    return this.#judge(kind, data);
  }

  #judge(kind: SyncKind, data: Uint8Array): Verdict {
    if (data[0] === 1) return this.put(kind, data) ? 'accept' : 'ignore';
    return data[0] === 2 ? 'ignore' : 'reject';
  }
}
