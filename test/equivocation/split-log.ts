import type { AddCheckpointAnswer } from '#libs/client';
import type { VerifierKey } from '#libs/note';
import { ServedLog } from '../served-log.js';
import { ed25519Signer } from '../note-signers.js';
import type { Branch } from './lying-log.js';
import type { WitnessNode } from './witnesses.js';

/** A log with one key and two histories, each served with its tiles; lighter than a `LyingLog`, and quicker to grow. */
export class SplitLog {
  /** What each witness was shown last. */
  readonly #shown = new Map<WitnessNode, bigint>();

  private constructor(
    readonly key: VerifierKey,
    readonly a: ServedLog,
    readonly b: ServedLog,
  ) {}

  /** Two histories that have `forkAt` entries in common. */
  static async start(origin: string, forkAt: number, signer = ed25519Signer(origin)): Promise<SplitLog> {
    const a = await ServedLog.start(origin, 'a', { forkAt, signer });
    const b = await ServedLog.start(origin, 'b', { forkAt, signer });
    return new SplitLog(signer.key, a, b);
  }

  get origin(): string {
    return this.key.name;
  }

  /** As a witness is configured for it; `branch` is where it reads tiles. */
  seenAt(branch: Branch = 'a'): VerifierKey & { readonly url: string } {
    return { ...this.key, url: this[branch].url };
  }

  /** Signs a head, and asks the witness for a cosignature on it. */
  async show(node: WitnessNode, branch: Branch, size: number): Promise<AddCheckpointAnswer> {
    const note = await this[branch].sign(size);
    const before = this.#shown.get(node) ?? 0n;
    const answer = await node.submit(note, (oldSize) => this[branch].prove(oldSize, BigInt(size)), before);
    if (answer.kind === 'cosigned') this.#shown.set(node, BigInt(size));
    return answer;
  }

  /** To several at once. */
  async showAll(nodes: readonly WitnessNode[], branch: Branch, size: number): Promise<void> {
    await Promise.all(nodes.map((node) => this.show(node, branch, size)));
  }

  async close(): Promise<void> {
    await Promise.all([this.a.close(), this.b.close()]);
  }
}
