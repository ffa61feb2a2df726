import { open } from 'node:fs/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import { BINDING_MAX_BYTES } from './binding.js';
import { replaceDurably } from './durable-file.js';
import { parseAddress } from './network-address.js';

const MAX_PEERS = 256;
const ADDRESS_MAX_CHARACTERS = 512;
const FILE_MAX_BYTES = MAX_PEERS * 2 * (BINDING_MAX_BYTES + 1024);

function isAddress(text: string): boolean {
  try {
    parseAddress(text);
    return true;
  } catch {
    return false;
  }
}

const KNOWN_PEER = z.strictObject({
  id: z.string().max(128),
  address: z.string().max(ADDRESS_MAX_CHARACTERS).refine(isAddress, 'not a multiaddr'),
  /** Milliseconds since 1970. */
  seen: z.number().int().nonnegative(),
  dialled: z.boolean(),
  /** The note that binds it to a witness, in base64; verified again before it counts. */
  binding: z
    .string()
    .max(BINDING_MAX_BYTES * 2)
    .optional(),
});
const FILE = z.strictObject({ version: z.literal(1), peers: z.array(KNOWN_PEER).max(MAX_PEERS) });

/** A peer that was connected, and where it is found. */
export interface KnownPeer {
  readonly id: string;
  readonly address: string;
  readonly seen: number;
  /** We connected to this very address; otherwise the peer named it, with the IP address that it came from. */
  readonly dialled: boolean;
  readonly binding?: string | undefined;
}

/** Addresses that have worked, over restarts: a node that starts doesn't depend on whoever calls it first. */
export class AddressBook {
  readonly #peers = new Map<string, KnownPeer>();
  #dirty = false;
  #saving: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string | undefined,
    private readonly logger: Logger,
  ) {}

  /** A file that can't be read costs the known peers, not the start. */
  static async open(path: string | undefined, logger: Logger): Promise<AddressBook> {
    const book = new AddressBook(path, logger);
    if (path !== undefined) {
      try {
        for (const peer of await readPeers(path)) book.#peers.set(peer.id, peer);
      } catch (error) {
        logger.warn({ err: error, path }, 'the peers file is corrupt: starting without the peers in it');
      }
    }
    return book;
  }

  all(): KnownPeer[] {
    return [...this.#peers.values()];
  }

  get(id: string): KnownPeer | undefined {
    return this.#peers.get(id);
  }

  /** An address that was dialled is not given up for one that was only named. */
  learned(id: string, address: string, dialled: boolean): void {
    // It would make the file one that can't be read back, with everybody else in it.
    if (address.length > ADDRESS_MAX_CHARACTERS) return;
    const before = this.#peers.get(id);
    const keep = before?.dialled === true && !dialled;
    this.#put({
      ...before,
      id,
      address: keep ? before.address : address,
      dialled: dialled || before?.dialled === true,
      seen: Date.now(),
    });
  }

  bound(id: string, note: Uint8Array): void {
    const before = this.#peers.get(id);
    if (before !== undefined) this.#put({ ...before, binding: Buffer.from(note).toString('base64') });
  }

  forget(id: string): void {
    this.#dirty = this.#peers.delete(id) || this.#dirty;
  }

  /** Writes what has changed; when it returns, everything learned before is on disk, or the log says why not. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#write());
    return this.#saving;
  }

  async #write(): Promise<void> {
    if (this.path === undefined || !this.#dirty) return;
    this.#dirty = false;
    try {
      const text = JSON.stringify({ version: 1, peers: this.all() }, undefined, 1);
      await replaceDurably(this.path, Buffer.from(`${text}\n`), 0o600);
    } catch (error) {
      this.#dirty = true;
      this.logger.error({ err: error, path: this.path }, 'the peers file could not be written');
    }
  }

  #put(peer: KnownPeer): void {
    this.#peers.set(peer.id, peer);
    this.#dirty = true;
    if (this.#peers.size <= MAX_PEERS) return;
    // Whoever calls can fill the book with names; what we dialled ourselves stays longest.
    const worth = (known: KnownPeer): number => (known.binding === undefined ? 0 : 2) + (known.dialled ? 1 : 0);
    const [least] = this.all().toSorted((a, b) => worth(a) - worth(b) || a.seen - b.seen);
    if (least !== undefined) this.#peers.delete(least.id);
  }
}

async function readPeers(path: string): Promise<KnownPeer[]> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    if (size > FILE_MAX_BYTES) throw new RangeError(`${size} bytes, over ${FILE_MAX_BYTES}`);
    return FILE.parse(JSON.parse(await file.readFile('utf8'))).peers;
  } finally {
    await file.close();
  }
}
