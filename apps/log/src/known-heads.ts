import { CodedError, equalBytes } from '#libs/crypto';
import { HASH_BYTES } from '#libs/merkle';
import {
  edgeFromTiles,
  edgeRoot,
  isQuorum,
  openCheckpoint,
  tilePath,
  type Checkpoint,
  type FetchTile,
  type TlogPolicy,
} from '#libs/tlog';
import type { Logger } from 'pino';
import { LogError } from './log-error.js';
import type { LogKind } from './log-kind.js';
import type { Tree } from './sequencer/tree.js';
import type { WitnessLink } from './witness-links.js';

const WITNESS_TIMEOUT_MS = 2_000;

export interface KnownHeadsParts<Submission> {
  readonly kind: LogKind<Submission>;
  readonly origin: string;
  readonly tree: Tree<Submission>;
  readonly fetchTile: FetchTile;
  readonly policy: TlogPolicy | undefined;
  readonly witnesses: readonly WitnessLink[];
  readonly logger: Logger;
}

/**
 * The heads of this log that others know, held against its own tree. A head that is larger, or has another root, was signed
 * by this key over another history: then the store was restored from an older copy, or the key signs elsewhere as well.
 */
export class KnownHeads<Submission> {
  /** Witnesses that were asked in vain, so far. */
  readonly #silent: Map<string, WitnessLink>;

  constructor(private readonly parts: KnownHeadsParts<Submission>) {
    this.#silent = new Map(parts.witnesses.map((link) => [link.name, link]));
  }

  /**
   * Asks the witnesses that have not answered yet. False as long as those that are silent could make the quorum without the
   * others: they may know a head that nobody else has seen, and nothing could be published without them anyway.
   * @throws LogError published-ahead, published-differs
   */
  async ask(): Promise<boolean> {
    if (!this.#mayBegin()) await Promise.all([...this.#silent.values()].map((link) => this.#askOne(link)));
    return this.#mayBegin();
  }

  #mayBegin(): boolean {
    const { policy } = this.parts;
    return !policy || isQuorum(policy, []) || !isQuorum(policy, this.#silent.keys());
  }

  async #askOne(link: WitnessLink): Promise<void> {
    const { origin, kind, logger } = this.parts;
    const { name } = link;
    try {
      const note = await link.cosignedCheckpoint(origin, { timeoutMs: WITNESS_TIMEOUT_MS });
      if (note) await this.check(`witness ${name}`, openCheckpoint(note, [kind.noteVerifier]).checkpoint);
      this.#silent.delete(name);
    } catch (error) {
      // What isn't signed by this log's key accuses nobody; it is no answer.
      if (error instanceof LogError || !(error instanceof CodedError)) throw error;
      logger.warn({ witness: name, code: error.code }, 'a witness could not be asked what it knows');
    }
  }

  /** @throws LogError published-ahead, published-differs */
  async check(who: string, head: Checkpoint): Promise<void> {
    const { origin, tree } = this.parts;
    if (head.origin !== origin || head.size > tree.size) {
      const knows = `${who} knows a head of ${head.origin} with ${head.size} entries`;
      const why = 'it was restored from an older copy, or the key signs elsewhere';
      throw new LogError('published-ahead', `${knows}, the store of ${origin} has ${tree.size} entries: ${why}`);
    }
    const root = await this.rootAt(head.size);
    if (!root || !equalBytes(root, head.root)) {
      throw new LogError(
        'published-differs',
        `${who} knows another root at size ${head.size}, signed by this log's key`,
      );
    }
  }

  /** The root at a size of this tree; undefined where its tiles are not there. */
  async rootAt(size: bigint): Promise<Uint8Array | undefined> {
    const { tree, fetchTile } = this.parts;
    // The newest partial tiles are in memory, and may not be on disk yet.
    const last = new Map(tree.files().partial.map(({ path, bytes }) => [path.replace(/\.p\/\d+$/, ''), bytes]));
    const fetch: FetchTile = async (level, index, width) => {
      const tile = last.get(tilePath(level, index))?.subarray(0, width * HASH_BYTES);
      return tile?.length === width * HASH_BYTES ? tile : fetchTile(level, index, width);
    };
    const edge = await edgeFromTiles(size, fetch).catch(() => undefined);
    return edge && edgeRoot(edge);
  }
}
