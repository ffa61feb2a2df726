import { hash, verifyDigest } from '#crypto';
import { DIGEST_BYTES, type HashAlgorithm } from '#libs/crypto';
import { EntryError } from './entry-error.js';
import { pae } from './envelope.js';
import { encodeEntry, type HashedRekordEntry } from './hashedrekord.js';
import { detailsFitKey, KEY_DETAILS, type KeyDetails } from './key-details.js';
import type { AddEntryRequest } from './request.js';
import { verifierKey } from './verifier.js';

/** An entry bundle gives the length of an entry in 16 bits (C2SP tlog-tiles). */
export const ENTRY_MAX_BYTES = 65_535;

/** An entry that may be logged, and its leaf. */
export interface AdmittedEntry {
  readonly entry: HashedRekordEntry;
  /** As `encodeEntry` writes it. */
  readonly body: Uint8Array;
}

/**
 * What may be logged: a signature of a supported algorithm that verifies over its digest. The certificate is not checked
 * against any CA, and a DSSE envelope becomes a hashedrekord over the hash of its pre-authentication encoding.
 * @throws EntryError
 */
export function admit(request: AddEntryRequest): AdmittedEntry {
  const entry = request.kind === 'hashedrekord' ? hashedRekordOf(request) : hashedRekordOfEnvelope(request);
  const body = encodeEntry(entry);
  if (body.length > ENTRY_MAX_BYTES) {
    throw new EntryError('entry-too-large', `the entry has ${body.length} bytes, the limit is ${ENTRY_MAX_BYTES}`);
  }
  const key = verifierKey(entry.verifier);
  if (!detailsFitKey(entry.keyDetails, key)) {
    const size = key.modulusBits === undefined ? '' : ` of ${key.modulusBits} bits`;
    throw new EntryError('key-mismatch', `the key is ${key.algorithm}${size}, its keyDetails say ${entry.keyDetails}`);
  }
  if (!verifyDigest(key, KEY_DETAILS[entry.keyDetails].scheme, entry.digest, entry.signature)) {
    throw new EntryError('invalid-signature', `the ${entry.keyDetails} signature does not verify over the digest`);
  }
  return { entry, body };
}

/** As `admit`, without the leaf. */
export function admitEntry(request: AddEntryRequest): HashedRekordEntry {
  return admit(request).entry;
}

function hashedRekordOf(request: AddEntryRequest & { kind: 'hashedrekord' }): HashedRekordEntry {
  const { digest, signature, verifier, keyDetails } = request;
  const digestAlgorithm = digestAlgorithmOf(keyDetails);
  if (digest.length !== DIGEST_BYTES[digestAlgorithm]) {
    throw new EntryError(
      'digest-length',
      `the digest has ${digest.length} bytes, a ${digestAlgorithm} digest has ${DIGEST_BYTES[digestAlgorithm]}`,
    );
  }
  return { kind: 'hashedrekord', apiVersion: '0.0.2', digestAlgorithm, digest, signature, verifier, keyDetails };
}

function hashedRekordOfEnvelope({ envelope, verifiers }: AddEntryRequest & { kind: 'dsse' }): HashedRekordEntry {
  const [signature, ...moreSignatures] = envelope.signatures;
  const [verifier, ...moreVerifiers] = verifiers;
  if (!signature || !verifier || moreSignatures.length > 0 || moreVerifiers.length > 0) {
    throw new EntryError(
      'signature-count',
      `the envelope has ${envelope.signatures.length} signatures and ${verifiers.length} verifiers, it should have one of each`,
    );
  }
  const digest = hash(digestAlgorithmOf(verifier.keyDetails), pae(envelope.payloadType, envelope.payload));
  return hashedRekordOf({ kind: 'hashedrekord', digest, signature: signature.sig, ...verifier });
}

function digestAlgorithmOf(details: KeyDetails): HashAlgorithm {
  const { hash: algorithm } = KEY_DETAILS[details];
  if (!algorithm) {
    throw new EntryError('no-digest-algorithm', `${details} signs no digest, a hashedrekord needs PKIX_ED25519_PH`);
  }
  return algorithm;
}
