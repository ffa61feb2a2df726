import { ByteReader, BytesError, concatBytes, u64, vector } from '#libs/crypto';
import { TlogError } from './error.js';
import { TILE_WIDTH } from './tile.js';

/** One entry of a CT log, as its data tiles hold it: static-ct-api, "Log entries". */
export interface TileLeaf {
  readonly timestampMs: bigint;
  readonly entry: X509Entry | PrecertEntry;
  /** CtExtensions of the SCT, with the leaf's index in them. */
  readonly extensions: Uint8Array;
  /** SHA-256 of each certificate of the submitted chain, the issuer first, without the leaf. */
  readonly chainFingerprints: readonly Uint8Array[];
}

export interface X509Entry {
  readonly kind: 'x509';
  readonly certificate: Uint8Array;
}

export interface PrecertEntry {
  readonly kind: 'precert';
  /** SHA-256 of the issuer's SubjectPublicKeyInfo. */
  readonly issuerKeyHash: Uint8Array;
  /** TBSCertificate without the poison: RFC 6962 §3.2. */
  readonly tbs: Uint8Array;
  /** The precertificate as submitted; kept for readers, not part of what is hashed. */
  readonly precertificate: Uint8Array;
}

// RFC 6962 §3.4: Version v1, MerkleLeafType timestamped_entry.
const V1_TIMESTAMPED_ENTRY = Uint8Array.of(0, 0);
// RFC 6962 §3.1: LogEntryType.
const X509_ENTRY = 0;
const PRECERT_ENTRY = 1;
const FINGERPRINT_BYTES = 32;

const LEAF_INDEX_EXTENSION = 0;
const LEAF_INDEX_BYTES = 5;
const LEAF_INDEX_MAX = 2n ** 40n - 1n;

/** What a CT log hashes as its leaf: RFC 6962 §3.4's MerkleTreeLeaf. */
export function merkleTreeLeaf(leaf: TileLeaf): Uint8Array {
  return concatBytes(V1_TIMESTAMPED_ENTRY, timestampedEntry(leaf));
}

/** @throws RangeError if a part is longer than its length field can say, TlogError malformed-tile-leaf */
export function encodeTileLeaf(leaf: TileLeaf): Uint8Array {
  if (leaf.chainFingerprints.some(({ length }) => length !== FINGERPRINT_BYTES)) {
    throw malformed(`a fingerprint has not ${FINGERPRINT_BYTES} bytes`);
  }
  const { entry } = leaf;
  const precertificate = entry.kind === 'precert' ? vector(3, nonEmpty(entry.precertificate)) : new Uint8Array(0);
  return concatBytes(timestampedEntry(leaf), precertificate, vector(2, concatBytes(...leaf.chainFingerprints)));
}

/** The leaves of a data tile, at most 256; their parts are views into `bytes`. @throws TlogError malformed-tile-leaf */
export function parseTileLeaves(bytes: Uint8Array): TileLeaf[] {
  const reader = new ByteReader(bytes);
  const leaves: TileLeaf[] = [];
  try {
    while (reader.remaining > 0) {
      if (leaves.length === TILE_WIDTH) throw malformed(`more than ${TILE_WIDTH} leaves`);
      leaves.push(readTileLeaf(reader));
    }
  } catch (cause) {
    if (cause instanceof BytesError) throw malformed(`leaf ${leaves.length}: ${cause.message}`, { cause });
    throw cause;
  }
  return leaves;
}

/** CtExtensions with the one extension that static-ct-api demands of an SCT. @throws TlogError out-of-range */
export function sctExtensions(leafIndex: bigint): Uint8Array {
  if (leafIndex < 0n || leafIndex > LEAF_INDEX_MAX) {
    throw new TlogError('out-of-range', `leaf index ${leafIndex} does not fit 40 bits`);
  }
  const uint40 = u64(leafIndex).subarray(-LEAF_INDEX_BYTES);
  return concatBytes(Uint8Array.of(LEAF_INDEX_EXTENSION), vector(2, uint40));
}

/** TimestampedEntry: RFC 6962 §3.4. */
function timestampedEntry({ timestampMs, entry, extensions }: TileLeaf): Uint8Array {
  const signedEntry =
    entry.kind === 'x509'
      ? [Uint8Array.of(0, X509_ENTRY), vector(3, nonEmpty(entry.certificate))]
      : [Uint8Array.of(0, PRECERT_ENTRY), requireKeyHash(entry.issuerKeyHash), vector(3, nonEmpty(entry.tbs))];
  return concatBytes(u64(timestampMs), ...signedEntry, vector(2, extensions));
}

function readTileLeaf(reader: ByteReader): TileLeaf {
  const timestampMs = reader.u64();
  const type = reader.u16();
  switch (type) {
    case X509_ENTRY: {
      const certificate = nonEmpty(reader.vector(3));
      const extensions = reader.vector(2);
      return { timestampMs, entry: { kind: 'x509', certificate }, extensions, chainFingerprints: fingerprints(reader) };
    }
    case PRECERT_ENTRY: {
      const issuerKeyHash = reader.take(FINGERPRINT_BYTES);
      const tbs = nonEmpty(reader.vector(3));
      const extensions = reader.vector(2);
      const precertificate = nonEmpty(reader.vector(3));
      const entry = { kind: 'precert', issuerKeyHash, tbs, precertificate } as const;
      return { timestampMs, entry, extensions, chainFingerprints: fingerprints(reader) };
    }
    default:
      throw malformed(`entry type ${type} is neither x509_entry nor precert_entry`);
  }
}

function fingerprints(reader: ByteReader): Uint8Array[] {
  const bytes = reader.vector(2);
  if (bytes.length % FINGERPRINT_BYTES !== 0) throw malformed(`${bytes.length} bytes are no list of fingerprints`);
  return Array.from({ length: bytes.length / FINGERPRINT_BYTES }, (_, i) =>
    bytes.subarray(i * FINGERPRINT_BYTES, (i + 1) * FINGERPRINT_BYTES),
  );
}

// RFC 6962 §3.1: opaque ASN.1Cert<1..2^24-1>, §3.2: TBSCertificate<1..2^24-1>.
function nonEmpty(der: Uint8Array): Uint8Array {
  if (der.length === 0) throw malformed('an empty certificate');
  return der;
}

function requireKeyHash(hash: Uint8Array): Uint8Array {
  if (hash.length !== FINGERPRINT_BYTES) throw malformed(`an issuer key hash of ${hash.length} bytes`);
  return hash;
}

function malformed(problem: string, options?: ErrorOptions): TlogError {
  return new TlogError('malformed-tile-leaf', `tile leaf: ${problem}`, options);
}
