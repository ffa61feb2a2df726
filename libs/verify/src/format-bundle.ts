import { toBase64 } from '#crypto';
import { formatEnvelope, hashAlgorithmName } from '#libs/entry';
import { BUNDLE_MEDIA_TYPE, type Bundle, type BundleContent, type BundleMaterial } from './bundle.js';
import { formatTlogEntry } from './tlog-entry.js';

/** The JSON of a bundle, in version 0.3 whichever it was read in: of a chain only the leaf is left. */
export function formatBundle(bundle: Bundle): string {
  return JSON.stringify({
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: {
      ...formatMaterial(bundle.material),
      tlogEntries: bundle.tlogEntries.map(formatTlogEntry),
      timestampVerificationData: {
        rfc3161Timestamps: bundle.timestamps.map((timestamp) => ({ signedTimestamp: toBase64(timestamp) })),
      },
    },
    ...formatContent(bundle.content),
  });
}

function formatMaterial(material: BundleMaterial): object {
  switch (material.kind) {
    case 'certificate':
      return { certificate: { rawBytes: toBase64(material.certificate) } };
    case 'chain':
      return { certificate: { rawBytes: material.certificates.slice(0, 1).map(toBase64).join('') } };
    case 'public-key':
      return { publicKey: { hint: material.hint } };
  }
}

function formatContent(content: BundleContent): object {
  if (content.kind === 'dsse') return { dsseEnvelope: formatEnvelope(content.envelope) };
  const { signature, digest, digestAlgorithm } = content;
  return {
    messageSignature: {
      ...(digest &&
        digestAlgorithm && {
          messageDigest: { algorithm: hashAlgorithmName(digestAlgorithm), digest: toBase64(digest) },
        }),
      signature: toBase64(signature),
    },
  };
}
