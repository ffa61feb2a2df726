import { proveConsistency } from '#libs/merkle';
import { formatNote, signNote, type NoteSigner } from '#libs/note';
import { formatAddCheckpointRequest, formatCheckpoint, type Checkpoint } from '#libs/tlog';
import { leafHashesOf, naiveReader, naiveRoot } from './naive-tree.js';
import { ed25519Signer } from './note-signers.js';

const SIZE = 64;

/** A small log as a witness meets it. A fork has the leaves of the other one up to `forkAt`, and others from there. */
export class SignedLog {
  readonly #leaves: readonly Uint8Array[];

  constructor(
    readonly origin: string,
    readonly signer: NoteSigner = ed25519Signer(origin),
    forkAt: number = SIZE,
  ) {
    this.#leaves = [...leafHashesOf(forkAt), ...leafHashesOf(2 * SIZE).slice(SIZE + forkAt)];
  }

  /** The same log with the same key, as it shows itself to somebody else. */
  forkAt(index: number): SignedLog {
    return new SignedLog(this.origin, this.signer, index);
  }

  head(size: number): Checkpoint {
    const root = naiveRoot(this.#leaves.slice(0, size));
    return { origin: this.origin, size: BigInt(size), root, extensions: [] };
  }

  prove(oldSize: number, size: number): Promise<Uint8Array[]> {
    return proveConsistency(BigInt(oldSize), BigInt(size), naiveReader(this.#leaves));
  }

  async note(checkpoint: Checkpoint, signers: readonly NoteSigner[] = [this.signer]): Promise<Uint8Array> {
    return formatNote(await signNote(formatCheckpoint(checkpoint), signers));
  }

  /** An honest body for add-checkpoint. */
  async request(oldSize: number, size: number): Promise<Uint8Array> {
    const proof = oldSize <= size ? await this.prove(oldSize, size) : [];
    const checkpoint = await this.note(this.head(size));
    return formatAddCheckpointRequest({ oldSize: BigInt(oldSize), proof, checkpoint });
  }
}
