import { toBase64 } from '#crypto';
import { equalBytes, utf8Encode, type HashAlgorithm } from '#libs/crypto';
import { EntryError } from './entry-error.js';
import { hashAlgorithmName, readHashAlgorithm } from './hash-algorithm.js';
import { KEY_DETAILS, keyDetails, type KeyDetails } from './key-details.js';
import type { MessageReader } from './message-reader.js';
import { readVerifier, type Verifier } from './verifier.js';

/** Rekor v2's only kind of entry: a signature over a digest, and what verifies it. */
export interface HashedRekordEntry {
  readonly kind: 'hashedrekord';
  readonly apiVersion: '0.0.2';
  readonly digestAlgorithm: HashAlgorithm;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly verifier: Verifier;
  readonly keyDetails: KeyDetails;
}

/**
 * The canonical body, the very bytes of the leaf: RFC 8785 of the protobuf message's JSON. Verifiers rebuild it from the
 * bundle, so a byte that differs makes an entry unverifiable for ever. It is written out here, names in their order, as no
 * value needs escaping: a log makes one for every request.
 */
export function encodeEntry({
  digestAlgorithm,
  digest,
  signature,
  verifier,
  keyDetails,
}: HashedRekordEntry): Uint8Array {
  const data = `{"algorithm":"${hashAlgorithmName(digestAlgorithm)}","digest":"${toBase64(digest)}"}`;
  const kind = verifier.kind === 'certificate' ? 'x509Certificate' : 'publicKey';
  const key = `{"keyDetails":"${keyDetails}","${kind}":{"rawBytes":"${toBase64(verifier.raw)}"}}`;
  const spec = `{"data":${data},"signature":{"content":"${toBase64(signature)}","verifier":${key}}}`;
  return utf8Encode(`{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":${spec}}}`);
}

/** Reads the `spec` of a body, and that the body is the canonical one. @throws EntryError */
export function readHashedRekord(spec: MessageReader, body: Uint8Array): HashedRekordEntry {
  const entry = spec.requiredMessage('hashedRekordV002', (message) => ({
    kind: 'hashedrekord' as const,
    apiVersion: '0.0.2' as const,
    ...message.requiredMessage('data', (data) => ({
      digestAlgorithm: readHashAlgorithm(data, 'algorithm'),
      digest: data.requiredBytes('digest'),
    })),
    ...message.requiredMessage('signature', (signature) => ({
      signature: signature.requiredBytes('content'),
      ...signature.requiredMessage('verifier', (verifier) => ({
        verifier: readVerifier(verifier),
        keyDetails: keyDetails(verifier.enumValue('keyDetails')),
      })),
    })),
  }));
  if (KEY_DETAILS[entry.keyDetails].hash !== entry.digestAlgorithm) {
    throw spec.rules.refuse(`${entry.keyDetails} does not sign a ${entry.digestAlgorithm} digest`);
  }
  if (!equalBytes(encodeEntry(entry), body)) {
    throw new EntryError('not-canonical', 'a hashedrekord 0.0.2 body is not in its canonical form (RFC 8785)');
  }
  return entry;
}
