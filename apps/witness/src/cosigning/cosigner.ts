import { equalBytes } from '#libs/crypto';
import {
  KEY_TYPE,
  formatNote,
  formatSignatureLine,
  isSameKey,
  parseNote,
  signNote,
  verifierKey,
  type NoteSignature,
  type NoteSigner,
  type NoteVerifier,
  type VerifierKey,
} from '#libs/note';
import { formatPeerBinding, type PeerBinding } from '#libs/p2p';
import type { Signer } from '#libs/signer';
import {
  cosignatureMessage,
  cosignatureVerifier,
  encodeCosignature,
  formatCheckpoint,
  subtreeCosignatureMessage,
  type Checkpoint,
} from '#libs/tlog';
import type { CheckpointCosigned } from './checkpoint-cosigned.js';
import type { Proposal } from './proposal.js';

export interface Cosigned extends CheckpointCosigned {
  /** Our signature lines, each with its newline. */
  readonly lines: string;
}

/** A subtree [start, end) of a log, to be cosigned without a time. */
export interface Subtree {
  readonly origin: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly root: Uint8Array;
}

/** tlog-cosignature: a length in one byte stands before the origin. */
const ML_DSA_ORIGIN_MAX_BYTES = 255;

interface Cosignatory {
  readonly key: VerifierKey;
  readonly signer: Signer;
}

/** The witness's name and keys. */
export class Cosigner {
  readonly name: string;
  /** Ed25519 first; each with an ID of its own. */
  readonly keys: readonly VerifierKey[];
  readonly verifiers: readonly NoteVerifier[];
  readonly #ed25519: Cosignatory;
  readonly #mlDsa: Cosignatory | undefined;

  constructor(name: string, ed25519: Signer, mlDsa?: Signer) {
    this.name = name;
    this.#ed25519 = { key: verifierKey(name, KEY_TYPE.cosignature, ed25519.publicKey.raw), signer: ed25519 };
    this.#mlDsa = mlDsa && {
      key: verifierKey(name, KEY_TYPE.mlDsa44Cosignature, mlDsa.publicKey.raw),
      signer: mlDsa,
    };
    this.keys = [this.#ed25519.key, ...(this.#mlDsa ? [this.#mlDsa.key] : [])];
    this.verifiers = this.keys.map(cosignatureVerifier);
  }

  /** Whether it can sign subtrees: only ML-DSA-44 cosignatures have a format for them. */
  get signsSubtrees(): boolean {
    return this.#mlDsa !== undefined;
  }

  /**
   * Signs a re-encoding of what was parsed, not the bytes that came in. Whatever of `last` has the same text and time is
   * repeated and not signed anew: ML-DSA signatures are randomised, and there is to be one for each thing that was said.
   */
  async cosign(
    { checkpoint, signatures }: Pick<Proposal, 'checkpoint' | 'signatures'>,
    timestamp: bigint,
    last?: CheckpointCosigned,
  ): Promise<Cosigned> {
    const text = formatCheckpoint(checkpoint);
    const said = last?.timestamp === timestamp ? this.#ownLines(last, text) : [];
    const signers = this.#signersOf(checkpoint, timestamp).map(({ key, sign }): NoteSigner => {
      const before = said.find((line) => isSameKey(line, { name: key.name, keyId: key.id }));
      return { key, sign: async (message) => before?.signature ?? sign(message) };
    });
    const note = await signNote(text, signers, signatures);
    const lines = note.signatures.slice(-signers.length).map(formatSignatureLine).join('');
    return { size: checkpoint.size, root: checkpoint.root, timestamp, note: formatNote(note), lines };
  }

  /** Our lines on this very checkpoint, as they were given; undefined if `last` is another one. */
  linesOn(checkpoint: Checkpoint, last: CheckpointCosigned | undefined): string | undefined {
    const own = last
      ? this.#ownLines(last, formatCheckpoint(checkpoint)).filter((line) =>
          this.verifiers.some((verifier) => isSameKey(line, verifier)),
        )
      : [];
    return own.length > 0 ? own.map(formatSignatureLine).join('') : undefined;
  }

  /**
   * A note that binds a peer of the gossip network to the Ed25519 key. What is signed can be taken for nothing else: see
   * `formatPeerBinding`. @throws P2pError invalid-binding
   */
  async bindPeer(peer: Omit<PeerBinding, 'witness'>): Promise<Uint8Array> {
    const { key, signer } = this.#ed25519;
    return formatPeerBinding({ witness: key, ...peer }, (text) => signer.sign(text));
  }

  /** A cosignature line without a time; undefined without a key that can. @throws TlogError, RangeError for a long origin */
  async cosignSubtree({ origin, start, end, root }: Subtree): Promise<string | undefined> {
    if (!this.#mlDsa) return undefined;
    const { key, signer } = this.#mlDsa;
    const subtree = { cosigner: this.name, timestamp: 0n, origin, start, end, root };
    const signature = encodeCosignature(0n, await signer.sign(subtreeCosignatureMessage(subtree)));
    return formatSignatureLine({ name: key.name, keyId: key.id, signature });
  }

  #signersOf(checkpoint: Checkpoint, timestamp: bigint): NoteSigner[] {
    const { key, signer } = this.#ed25519;
    const ed25519: NoteSigner = {
      key,
      sign: async (text) => encodeCosignature(timestamp, await signer.sign(cosignatureMessage(text, timestamp))),
    };
    const mlDsa = this.#mlDsa;
    const { origin, size, root, extensions } = checkpoint;
    // tlog-cosignature: ML-DSA-44 cosignatures don't cover extension lines. One under a text that has some would seem to.
    if (!mlDsa || extensions.length > 0 || Buffer.byteLength(origin) > ML_DSA_ORIGIN_MAX_BYTES) return [ed25519];
    const tree = { cosigner: this.name, timestamp, origin, start: 0n, end: size, root };
    const message = subtreeCosignatureMessage(tree);
    const sign = async (): Promise<Uint8Array> => encodeCosignature(timestamp, await mlDsa.signer.sign(message));
    return [ed25519, { key: mlDsa.key, sign }];
  }

  #ownLines(last: CheckpointCosigned, text: Uint8Array): readonly NoteSignature[] {
    const note = parseNote(last.note);
    return equalBytes(note.text, text) ? note.signatures : [];
  }
}
