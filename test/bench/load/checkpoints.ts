import { hashLeaf } from '#libs/merkle';
import { formatNote, formatVerifierKey, signNote } from '#libs/note';
import { formatAddCheckpointRequest, formatCheckpoint } from '#libs/tlog';
import { Branch, History } from '../../crash/witness-kill/history.js';
import { ed25519Signer } from '../../note-signers.js';
import { post } from './requests.js';

/** A log that has been there for a while, and grows by as much at a time: proofs of 9 to 14 hashes. */
const FIRST_SIZE = 5000;
const GROWTH = 37;

export interface CheckpointRequests {
  /** All logs with their first head, then all with their second, and so on: each builds on one that was sent long before. */
  readonly requests: readonly Uint8Array[];
  /** The verifier keys of the logs. */
  readonly keys: readonly string[];
}

/** Requests of `POST /add-checkpoint`: `heads` of each of `origins` logs, each with its own key. Their leaves are the same. */
export async function checkpointRequests(host: string, origins: number, heads: number): Promise<CheckpointRequests> {
  const history = new History(
    Array.from({ length: FIRST_SIZE + heads * GROWTH }, (_, i) => hashLeaf(Uint8Array.of(i >> 16, i >> 8, i))),
  );
  const signers = Array.from({ length: origins }, (_, i) => ed25519Signer(`log-${i}.bench.tally.localhost`));
  const requests: Uint8Array[] = [];
  for (let head = 0; head < heads; head++) {
    const size = FIRST_SIZE + head * GROWTH;
    const oldSize = head === 0 ? 0 : size - GROWTH;
    const tree = new Branch(history, size, []);
    const [root, proof] = [tree.root(), oldSize === 0 ? [] : await tree.prove(oldSize)];
    for (const signer of signers) {
      const text = formatCheckpoint({ origin: signer.key.name, size: BigInt(size), root, extensions: [] });
      const checkpoint = formatNote(await signNote(text, [signer]));
      const body = formatAddCheckpointRequest({ oldSize: BigInt(oldSize), proof, checkpoint });
      requests.push(post(host, '/add-checkpoint', 'text/plain', body));
    }
  }
  return { requests, keys: signers.map(({ key }) => formatVerifierKey(key)) };
}
