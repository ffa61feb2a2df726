import { fetchTile, ServiceError } from '#libs/client';
import { equalBytes, utf8Decode, utf8Encode } from '#libs/crypto';
import type { Evidence } from '#libs/evidence';
import { hashLeaf, proveInclusion, verifyInclusion } from '#libs/merkle';
import { formatNote, NOTE_MAX_SIGNATURES, parseNote } from '#libs/note';
import { tileNodeReader } from '#libs/tlog';
import { judgeQuorum, verifyTlogInclusion, type InclusionProof, type TlogEntry } from '#libs/verify';
import type { Context } from '../context.js';
import { Failure, reasonOf } from '../failure.js';
import { tlogKeys } from '../log-verifiers.js';
import type { PolicyFile } from '../policy-file.js';
import type { Trust } from '../trust-config.js';
import { logAddresses } from '../views/log-addresses.js';
import { relateViews } from '../views/relate-views.js';
import { openView, readView, type KnownKeys, type View } from '../views/view.js';

/** A proof in the log's newest tree for an entry that was in an older one. */
export interface NewerProof {
  readonly kind: 'newer';
  readonly origin: string;
  /** Where it was fetched. */
  readonly url: string;
  readonly oldSize: bigint;
  readonly proof: InclusionProof;
  /** False when the bundle has the newest checkpoint already. */
  readonly changed: boolean;
}

export interface UpgradeTerms {
  readonly trust: Trust;
  readonly policy: PolicyFile | undefined;
  /** Where to look, in place of what the trust and the policy say. */
  readonly log: string | undefined;
}

/**
 * The newest proof of an entry, all of it verified: the old proof, that the old tree is a prefix of the new one, and the
 * new proof. Undefined for an entry without a proof.
 * @throws VerificationError when the old proof is wrong; Failure not-verified, unavailable, no-trust; ServiceError
 */
export async function newerProof(
  entry: TlogEntry,
  terms: UpgradeTerms,
  context: Context,
): Promise<NewerProof | { readonly kind: 'equivocation'; readonly evidence: readonly Evidence[] } | undefined> {
  const { inclusionProof: old, canonicalizedBody } = entry;
  if (!old?.checkpoint) return undefined;
  const { log, checkpoint } = verifyTlogInclusion(entry, terms.trust.trustedRoot.tlogs);
  const keys: KnownKeys = {
    logs: tlogKeys(log),
    witnesses: terms.policy?.policy.witnesses.map(({ key }) => key) ?? [],
    source: terms.trust.source,
  };
  if (checkpoint && !keys.logs.some(({ name }) => name === checkpoint.origin)) {
    throw new Failure(
      'nothing-to-verify',
      `${checkpoint.origin} is a log of Rekor v1: it serves no tiles, and no proofs are to be made of it`,
    );
  }
  const known = readView('the bundle', utf8Encode(old.checkpoint), keys);
  const newest = await findLog(known.checkpoint.origin, keys, terms, context);
  const { origin, size, root } = newest.checkpoint;
  if (size < known.checkpoint.size) {
    throw new Failure(
      'not-verified',
      `${newest.url} shows ${origin} with size ${size}, and this bundle has a checkpoint of size ${old.treeSize}`,
      'a cache may be behind: try again, or name another address with --log',
    );
  }
  const relation = await relateViews(known, newest, [newest.url], context);
  if (relation.kind === 'equivocation') return relation;
  if (relation.kind === 'unlinked') {
    throw new Failure(
      relation.unreachable ? 'unavailable' : 'not-verified',
      `nothing shows that the tree of this bundle (size ${old.treeSize}) is a prefix of the newest one (size ${size}): ${relation.reason}`,
      'try again, or name another address of the log or of a mirror with --log',
    );
  }
  const found = { kind: 'newer', origin, url: newest.url, oldSize: old.treeSize } as const;
  if (size === old.treeSize) {
    const note = cosignedSince(known, newest, terms.policy) ?? old.checkpoint;
    return { ...found, proof: { ...old, checkpoint: note }, changed: note !== old.checkpoint };
  }
  const index = old.logIndex;
  const read = tileNodeReader(size, (level, tile, width) =>
    fetchTile(newest.url, level, tile, width, { signal: context.io.signal }),
  );
  const hashes = await proveInclusion(index, size, read);
  try {
    verifyInclusion({ index, size, leafHash: hashLeaf(canonicalizedBody), proof: hashes, root });
  } catch (cause) {
    const what = `the tiles of ${newest.url} do not lead from the entry to its checkpoint: ${reasonOf(cause)}`;
    throw new Failure('not-verified', what, undefined, { cause });
  }
  const proof = { logIndex: index, rootHash: root, treeSize: size, hashes, checkpoint: utf8Decode(newest.note) };
  return { ...found, proof, changed: true };
}

/**
 * Of the same tree: the note of the bundle with the signatures that have come since; undefined where none are needed, or
 * none have come.
 */
function cosignedSince(known: View, newest: View, policy: PolicyFile | undefined): string | undefined {
  if (policy === undefined || judgeQuorum(policy.policy, known.note).met) return undefined;
  const [old, fresh] = [parseNote(known.note), parseNote(newest.note)];
  const lines = new Set(old.signatures.map(lineOf));
  const more = fresh.signatures.filter((line) => !lines.has(lineOf(line)));
  const signatures = [...old.signatures, ...more];
  // Cosignatures are over the whole text, of which extension lines are in no root.
  const isSameText = equalBytes(old.text, fresh.text);
  return more.length > 0 && isSameText && signatures.length <= NOTE_MAX_SIGNATURES
    ? utf8Decode(formatNote({ text: old.text, signatures }))
    : undefined;
}

function lineOf({ name, keyId, signature }: { name: string; keyId: Uint8Array; signature: Uint8Array }): string {
  return `${name} ${keyId.join()} ${signature.join()}`;
}

/** The address that shows this log: as given, else as the policy and the signing config say. */
async function findLog(
  origin: string,
  keys: KnownKeys,
  { trust, policy, log }: UpgradeTerms,
  context: Context,
): Promise<View> {
  const candidates = log === undefined ? logAddresses(origin, trust, policy) : [log];
  const problems: string[] = [];
  let unavailable: unknown;
  for (const url of candidates) {
    try {
      return await openView(url, { ...keys, origin }, context);
    } catch (error) {
      context.io.signal.throwIfAborted();
      if (!(error instanceof ServiceError || error instanceof Failure)) throw error;
      if (error instanceof ServiceError || error.code !== 'no-trust') unavailable ??= error;
      problems.push(reasonOf(error));
    }
  }
  if (unavailable !== undefined) throw unavailable;
  throw new Failure(
    'no-trust',
    candidates.length === 0
      ? `neither the policy nor ${trust.source} says where the log ${origin} is`
      : `no checkpoint of the log ${origin} was found: ${problems.join('; ')}`,
    'name the address of the log, or of a mirror of it, with --log',
  );
}
