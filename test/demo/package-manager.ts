import { hashLeaf, proveConsistency, verifyConsistency, verifyInclusion } from '#libs/merkle';
import {
  evaluatePolicy,
  logVerifier,
  openCheckpoint,
  parseTlogProof,
  type Checkpoint,
  type PolicyVerdict,
  type TlogPolicy,
} from '#libs/tlog';
import { nodesOf, type Delivery } from './package-index.js';
import { leafOf } from './releases.js';

/** What a package manager has verified before it installs. */
export interface Verified {
  readonly index: bigint;
  readonly checkpoint: Checkpoint;
  /** The size of the tree that it knew, and that this one continues. */
  readonly knownSize: bigint;
  readonly verdict: PolicyVerdict;
}

/** Checks everything that one can check alone, and remembers what it was shown. */
export class PackageManager {
  #known: Checkpoint;

  constructor(
    private readonly policy: TlogPolicy,
    known: Checkpoint,
  ) {
    this.#known = known;
  }

  /** @throws TlogError, NoteError, MerkleError for whatever does not verify; Error when the policy's quorum is missing */
  async verify({ release, proof, url }: Delivery): Promise<Verified> {
    const { index, hashes, checkpoint: note } = parseTlogProof(proof);
    const { checkpoint } = openCheckpoint(
      note,
      this.policy.logs.map(({ key }) => logVerifier(key)),
    );
    const { size, root } = checkpoint;
    verifyInclusion({ index, size, leafHash: hashLeaf(leafOf(release)), proof: hashes, root });
    const { size: size1, root: root1 } = this.#known;
    const consistency = await proveConsistency(size1, size, nodesOf(url, size));
    verifyConsistency({ size1, root1, size2: size, root2: root, proof: consistency });
    const verdict = evaluatePolicy(this.policy, note);
    if (!verdict.quorum)
      throw new Error(`the checkpoint of size ${size} lacks the cosignatures that the policy demands`);
    this.#known = checkpoint;
    return { index, checkpoint, knownSize: size1, verdict };
  }
}
