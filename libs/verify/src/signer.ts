import { parseCertificate, type Certificate } from '#libs/certificate';
import { equalBytes, type PublicKey } from '#libs/crypto';
import type { Verifier } from '#libs/entry';
import type { BundleMaterial } from './bundle.js';
import { checking, VerificationError } from './verification-error.js';

/** Whose signature it should be. */
export interface Signer {
  readonly publicKey: PublicKey;
  /** As log entries name it. */
  readonly verifier: Verifier;
  /** Absent if the signer's key is managed by himself. */
  readonly certificate?: Certificate;
}

/**
 * The certificate of the bundle, or the key that the verifier holds: never one in the place of the other.
 * @throws VerificationError key-material, malformed-certificate, malformed-bundle
 */
export function signerOf(material: BundleMaterial, publicKey: PublicKey | undefined): Signer {
  if (material.kind === 'public-key') {
    if (!publicKey) throw new VerificationError('key-material', 'the bundle is signed by a key, and no key is given');
    return { publicKey, verifier: { kind: 'public-key', raw: publicKey.spki } };
  }
  if (publicKey)
    throw new VerificationError('key-material', 'a key is given, and the bundle is signed by a certificate');
  const certificate = signingCertificate(material);
  return { certificate, publicKey: certificate.publicKey, verifier: { kind: 'certificate', raw: certificate.raw } };
}

function signingCertificate(material: Exclude<BundleMaterial, { kind: 'public-key' }>): Certificate {
  const ders = material.kind === 'certificate' ? [material.certificate] : material.certificates;
  const [leaf, ...others] = checking('malformed-certificate', 'the signing certificate', () =>
    ders.map(parseCertificate),
  );
  if (!leaf) throw new VerificationError('malformed-bundle', 'the bundle has an empty certificate chain');
  // Trust comes from the trusted root alone; a bundle that brings its own anchor wants to be misunderstood.
  if (others.some(({ issuer, subject }) => equalBytes(issuer, subject))) {
    throw new VerificationError('malformed-bundle', 'the certificate chain of the bundle holds a root certificate');
  }
  return leaf;
}
