import { MerkleError, verifySubtreeConsistency } from '#libs/merkle';
import { NoteError, parseNote, type NoteVerifier } from '#libs/note';
import { TlogError, parseCheckpoint } from '#libs/tlog';
import type { Subtree } from '../cosigning/cosigner.js';
import { ownCosignatures } from '../lookback/own-cosignature.js';
import { parseSubtreeRequest } from './subtree-request.js';

export type SubtreeVerdict =
  | { readonly kind: 'sign'; readonly subtree: Subtree }
  | { readonly kind: 'refused'; readonly status: 400 | 403 | 404 | 422; readonly message: string };

/**
 * The rule of tlog-witness `sign-subtree`: a subtree of a checkpoint that this witness has cosigned itself is signed. It is
 * part of a history that was found good, so nothing has to be remembered of it.
 */
export function judgeSubtree(
  body: Uint8Array,
  isKnown: (origin: string) => boolean,
  own: readonly NoteVerifier[],
): SubtreeVerdict {
  const request = parseSubtreeRequest(body);
  if (!request) return refuse(400, 'should be a range, a hash, a proof, an empty line, and a checkpoint');
  const { start, end, root, proof } = request;
  try {
    const note = parseNote(request.checkpoint);
    const { origin, size, root: treeRoot } = parseCheckpoint(note.text);
    if (start >= end || end > size || !isSubtree(start, end)) {
      return refuse(400, `[${start}, ${end}) is no subtree of a tree of size ${size}`);
    }
    if (!isKnown(origin)) return refuse(404, 'the origin is not known here');
    if (ownCosignatures(note, own).length === 0) return refuse(403, 'this witness has not cosigned the checkpoint');
    verifySubtreeConsistency({ start, end, size, root1: root, root2: treeRoot, proof });
    return { kind: 'sign', subtree: { origin, start, end, root } };
  } catch (error) {
    if (error instanceof NoteError || error instanceof TlogError) return refuse(400, error.message);
    if (error instanceof MerkleError) return refuse(422, error.message);
    throw error;
  }
}

/** draft-ietf-plants-merkle-tree-certs §4.1: start is a multiple of the smallest power of two not below end − start. */
function isSubtree(start: bigint, end: bigint): boolean {
  let span = 1n;
  while (span < end - start) span <<= 1n;
  return start % span === 0n;
}

function refuse(status: 400 | 403 | 404 | 422, message: string): SubtreeVerdict {
  return { kind: 'refused', status, message };
}
