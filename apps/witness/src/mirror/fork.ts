import { equalBytes } from '#libs/crypto';
import { MerkleError, proveConsistency, treeRoot, verifyConsistency, type NodeReader } from '#libs/merkle';
import { tileNodeReader } from '#libs/tlog';
import type { CheckpointConflict } from './conflict.js';
import type { PendingCheckpoint } from './mirror-events.js';
import type { MirroredLog } from './mirrored-log.js';

// Checkpoints that a log has signed, and whether one history has them both.

/** How a checkpoint that is no larger than the pending one contradicts it, or what is held; undefined when it does not. */
export async function contradiction(
  log: MirroredLog,
  found: PendingCheckpoint,
  pending: PendingCheckpoint,
): Promise<CheckpointConflict | undefined> {
  const { size, root } = found.checkpoint;
  if (size === pending.checkpoint.size) {
    if (equalBytes(root, pending.checkpoint.root)) return undefined;
    return { origin: log.origin, kept: pending.note, found: found.note };
  }
  if (size === 0n) return undefined; // every tree has the empty one in it
  const ours = await log.rootAt(size);
  if (ours === undefined || equalBytes(ours, root)) return undefined;
  // Our own tiles prove it, if they reach to a checkpoint that the log has signed.
  const cosigned = await log.cosigned();
  const kept = cosigned && (await log.mirrorCheckpoint(cosigned.size));
  if (kept === undefined || kept.checkpoint.size < size) return undefined;
  if (kept.checkpoint.size === size) return { origin: log.origin, kept: kept.note, found: found.note };
  const held = await log.nextEntry();
  const read = tileNodeReader(held, (level, index, width) => log.readTile(level, index, width));
  const proof = await proveConsistency(size, kept.checkpoint.size, read);
  return { origin: log.origin, kept: kept.note, found: found.note, between: { root: ours, proof } };
}

/** The larger tree's own root at the smaller size, if its proof holds, and is another than the one that was signed. */
export async function forkedFrom(
  pending: PendingCheckpoint,
  found: PendingCheckpoint,
  proof: readonly Uint8Array[],
  read: NodeReader,
): Promise<CheckpointConflict | undefined> {
  const { size: size1, root: root1 } = pending.checkpoint;
  const { origin, size: size2, root: root2 } = found.checkpoint;
  if (size1 === 0n) return undefined;
  const root = await treeRoot(size1, read);
  if (equalBytes(root, root1)) return undefined;
  try {
    verifyConsistency({ size1, root1: root, size2, root2, proof });
    return { origin, kept: pending.note, found: found.note, between: { root, proof } };
  } catch (error) {
    if (error instanceof MerkleError) return undefined;
    throw error;
  }
}
