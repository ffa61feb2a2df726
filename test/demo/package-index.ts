import { fetchTile } from '#libs/client';
import { proveConsistency, proveInclusion, type NodeReader } from '#libs/merkle';
import { formatNote, parseNote, type NoteSignature, type VerifierKey } from '#libs/note';
import {
  formatTlogProof,
  parseCheckpoint,
  tileNodeReader,
  type AddCheckpointRequest,
  type Checkpoint,
} from '#libs/tlog';
import { startLyingLog, type Branch, type LyingLog } from '../equivocation/lying-log.js';
import { EARLIER, leafOf, type Release } from './releases.js';

/** A checkpoint that the log has signed, and where its tree can be read. */
export interface Showing {
  readonly branch: Branch;
  readonly note: Uint8Array;
  readonly checkpoint: Checkpoint;
  readonly nodes: NodeReader;
}

/** A package with the proof that it is in the log, as somebody gets them who installs it. */
export interface Delivery {
  readonly release: Release;
  /** C2SP tlog-proof: index, inclusion proof, checkpoint. */
  readonly proof: Uint8Array;
  /** The log as it is shown to this client. */
  readonly url: string;
}

/** A package index whose operator lies: one log, one key, and a history for Alice (a) and another one for Bob (b). */
export class PackageIndex {
  private constructor(private readonly log: LyingLog) {}

  /** With the earlier releases, which are the same in both histories. */
  static async start(origin: string, directory: string): Promise<PackageIndex> {
    const log = await startLyingLog({ directory, origin, forkAt: EARLIER.length, sizes: { a: 0, b: 0 } });
    const index = new PackageIndex(log);
    await Promise.all([index.publish('a', ...EARLIER), index.publish('b', ...EARLIER)]);
    return index;
  }

  get key(): VerifierKey {
    return this.log.key;
  }

  url(branch: Branch): string {
    return branch === 'a' ? this.log.urlA : this.log.urlB;
  }

  async publish(branch: Branch, ...releases: readonly Release[]): Promise<Showing> {
    await this.log.append(branch, ...releases.map(leafOf));
    return this.current(branch);
  }

  /** The newest checkpoint of a history. */
  async current(branch: Branch): Promise<Showing> {
    const note = await this.log.note(branch);
    const checkpoint = parseCheckpoint(parseNote(note).text);
    return { branch, note, checkpoint, nodes: nodesOf(this.url(branch), checkpoint.size) };
  }

  /** As any log asks a witness that has cosigned its first `oldSize` entries. */
  async request({ note, checkpoint, nodes }: Showing, oldSize: bigint): Promise<AddCheckpointRequest> {
    const proof = oldSize === 0n ? [] : await proveConsistency(oldSize, checkpoint.size, nodes);
    return { oldSize, proof, checkpoint: note };
  }

  async deliver(
    release: Release,
    index: bigint,
    showing: Showing,
    cosignatures: readonly NoteSignature[],
  ): Promise<Delivery> {
    const { text, signatures } = parseNote(showing.note);
    const checkpoint = formatNote({ text, signatures: [...signatures, ...cosignatures] });
    const hashes = await proveInclusion(index, showing.checkpoint.size, showing.nodes);
    return { release, proof: formatTlogProof({ index, hashes, checkpoint }), url: this.url(showing.branch) };
  }

  close(): Promise<void> {
    return this.log.close();
  }
}

/** The tree of a log, read from its tiles as anybody can. */
export function nodesOf(url: string, size: bigint): NodeReader {
  return tileNodeReader(size, (level, index, width) => fetchTile(url, level, index, width));
}
