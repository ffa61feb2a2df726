import { utf8Decode } from '#libs/crypto';
import type { TlogEntry } from '#libs/verify';
import type { PublishedCheckpoint } from '../sequencer/publications.js';

export interface LoggedEntry {
  readonly logId: Uint8Array;
  readonly index: bigint;
  readonly body: Uint8Array;
  readonly checkpoint: PublishedCheckpoint;
  readonly hashes: readonly Uint8Array[];
}

/** The TransparencyLogEntry of Rekor v2: no integrated time, no promise, one index for log and proof. */
export function loggedEntry({ logId, index, body, checkpoint, hashes }: LoggedEntry): TlogEntry {
  return {
    logIndex: index,
    logId,
    kind: 'hashedrekord',
    version: '0.0.2',
    integratedTime: 0n,
    inclusionProof: {
      logIndex: index,
      rootHash: checkpoint.root,
      treeSize: checkpoint.size,
      hashes,
      checkpoint: utf8Decode(checkpoint.note),
    },
    canonicalizedBody: body,
  };
}
