import { KEY_TYPE, formatNote, formatSignatureLine, signNote, verifierKey, type VerifierKey } from '#libs/note';
import type { Signer } from '#libs/signer';
import { cosignatureMessage, encodeCosignature, formatCheckpoint } from '#libs/tlog';
import type { CheckpointCosigned } from './checkpoint-cosigned.js';
import type { Proposal } from './proposal.js';

export interface Cosigned extends CheckpointCosigned {
  /** Our signature line, with its newline. */
  readonly line: string;
}

/** The witness's name and key. */
export class Cosigner {
  readonly key: VerifierKey;

  constructor(
    name: string,
    private readonly signer: Signer,
  ) {
    this.key = verifierKey(name, KEY_TYPE.cosignature, signer.publicKey.raw);
  }

  /** Signs a re-encoding of what was parsed, not the bytes that came in. Ed25519: the same time gives the same bytes. */
  async cosign({ checkpoint, signatures }: Proposal, timestamp: bigint): Promise<Cosigned> {
    const { key, signer } = this;
    const sign = async (text: Uint8Array): Promise<Uint8Array> =>
      encodeCosignature(timestamp, await signer.sign(cosignatureMessage(text, timestamp)));
    const note = await signNote(formatCheckpoint(checkpoint), [{ key, sign }], signatures);
    const line = note.signatures.slice(signatures.length).map(formatSignatureLine).join('');
    return { size: checkpoint.size, root: checkpoint.root, timestamp, note: formatNote(note), line };
  }
}
