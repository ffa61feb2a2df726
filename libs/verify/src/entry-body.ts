import { sha256 } from '#crypto';
import { equalBytes } from '#libs/crypto';
import { detailsFitKey, encodeEntry, type Entry, type LoggedEntry, type SignatureV1, type Verifier } from '#libs/entry';
import { signedDigest, type Artifact } from './artifact.js';
import { signatureOf, type BundleContent } from './bundle.js';
import type { Signer } from './signer.js';
import { VerificationError } from './verification-error.js';

/** What a bundle says was signed, and by whom. */
export interface Signed {
  readonly content: BundleContent;
  readonly artifact: Artifact;
  readonly signer: Signer;
}

/**
 * Verifies that what was logged is this signature, by this signer, over this content.
 * @throws VerificationError canonical-body, artifact-digest
 */
export function verifyEntryBody(logged: LoggedEntry, signed: Signed): void {
  switch (logged.kind) {
    case 'hashedrekord': {
      const digest = signedDigest(signed.content, signed.artifact, logged.digestAlgorithm);
      if (logged.apiVersion === '0.0.2') return requireSameBody(logged, digest, signed);
      if (signed.content.kind === 'dsse') throw mismatch('kind', 'a hashedrekord 0.0.1 is not about an envelope');
      requireSame('digest', logged.digest, digest);
      return requireSameSignature([logged], signed);
    }
    case 'dsse':
      requireSame('payloadHash', logged.payloadHash, sha256(envelopeOf(signed).payload));
      return requireSameSignature(logged.signatures, signed);
    case 'intoto':
      requireSame('payloadHash', logged.payloadHash, sha256(envelopeOf(signed).payload));
      if (logged.payloadType !== envelopeOf(signed).payloadType) throw mismatch('payloadType');
      return requireSameSignature(logged.signatures, signed);
  }
}

/** Rekor v2: the canonical body can be written anew from the bundle, and has to come out the same. */
function requireSameBody(logged: Entry, digest: Uint8Array, { content, signer }: Signed): void {
  if (!detailsFitKey(logged.keyDetails, signer.publicKey)) throw mismatch('keyDetails', logged.keyDetails);
  const expected = encodeEntry({ ...logged, digest, signature: signatureOf(content), verifier: signer.verifier });
  requireSame('canonical form', encodeEntry(logged), expected);
}

function requireSameSignature([logged, ...others]: readonly SignatureV1[], { content, signer }: Signed): void {
  if (!logged || others.length > 0) throw mismatch('number of signatures');
  requireSame('signature', logged.signature, signatureOf(content));
  requireSameVerifier(logged.verifier, signer.verifier);
}

function requireSameVerifier(logged: Verifier, ours: Verifier): void {
  if (logged.kind !== ours.kind) throw mismatch('verifier', `a ${logged.kind}, the bundle has a ${ours.kind}`);
  requireSame(ours.kind, logged.raw, ours.raw);
}

function envelopeOf({ content }: Signed): Extract<BundleContent, { kind: 'dsse' }>['envelope'] {
  if (content.kind === 'dsse') return content.envelope;
  throw mismatch('kind', 'the log entry is about an envelope, the bundle has none');
}

function requireSame(what: string, logged: Uint8Array, ours: Uint8Array): void {
  if (!equalBytes(logged, ours)) throw mismatch(what);
}

function mismatch(what: string, detail?: string): VerificationError {
  return new VerificationError(
    'canonical-body',
    `the log entry is about another signature: its ${what} differs from the bundle's${detail ? ` (${detail})` : ''}`,
  );
}
