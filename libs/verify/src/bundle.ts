import type { HashAlgorithm } from '#libs/crypto';
import {
  parseJson,
  readEnvelope,
  readHashAlgorithm,
  readMessage,
  type Envelope,
  type MessageReader,
  type MessageRules,
} from '#libs/entry';
import { readTlogEntry, type TlogEntry } from './tlog-entry.js';
import { VerificationError } from './verification-error.js';

export type BundleVersion = '0.1' | '0.2' | '0.3';

export const BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

const VERSIONS: ReadonlyMap<string, BundleVersion> = new Map([
  ['application/vnd.dev.sigstore.bundle+json;version=0.1', '0.1'],
  ['application/vnd.dev.sigstore.bundle+json;version=0.2', '0.2'],
  ['application/vnd.dev.sigstore.bundle+json;version=0.3', '0.3'],
  [BUNDLE_MEDIA_TYPE, '0.3'],
]);

/** The limits of sigstore-go: each element costs a verification. */
const TLOG_ENTRIES_MAX = 32;
const TIMESTAMPS_MAX = 32;
const CHAIN_MAX = 10;

/** dev.sigstore.bundle.v1.Bundle: a signature, and all that it takes to verify it offline. */
export interface Bundle {
  readonly mediaType: string;
  readonly version: BundleVersion;
  readonly material: BundleMaterial;
  readonly tlogEntries: readonly TlogEntry[];
  /** RFC 3161 responses, DER. */
  readonly timestamps: readonly Uint8Array[];
  readonly content: BundleContent;
}

/** What the signature verifies with. Certificates are DER; a chain (before 0.3) has its leaf first. */
export type BundleMaterial =
  | { readonly kind: 'certificate'; readonly certificate: Uint8Array }
  | { readonly kind: 'chain'; readonly certificates: readonly Uint8Array[] }
  | { readonly kind: 'public-key'; readonly hint: string };

export type BundleContent =
  | {
      readonly kind: 'message-signature';
      readonly signature: Uint8Array;
      /** What the signer says that he signed: a hint. */
      readonly digest?: Uint8Array;
      readonly digestAlgorithm?: HashAlgorithm;
    }
  | { readonly kind: 'dsse'; readonly envelope: Envelope };

const RULES: MessageRules = {
  name: 'bundle',
  refuse: (message, cause) => new VerificationError('malformed-bundle', message, { cause }),
  unknownFields: 'refuse',
};

/** Parses the JSON of a bundle of version 0.1 to 0.3. @throws VerificationError malformed-bundle */
export function parseBundle(json: string | Uint8Array): Bundle {
  return readMessage(parseJson(json, RULES), RULES, (message) => {
    const mediaType = message.string('mediaType');
    const version = VERSIONS.get(mediaType);
    if (!version) throw RULES.refuse(`bundle.mediaType is ${JSON.stringify(mediaType)}, which is not known`);
    const content = readContent(message);
    signatureOf(content); // refuses an envelope without exactly one
    return {
      mediaType,
      version,
      content,
      ...message.requiredMessage('verificationMaterial', (material) => ({
        material: readMaterial(material, version),
        tlogEntries: material.messages('tlogEntries', TLOG_ENTRIES_MAX, (entry) => readEntry(entry, version)),
        timestamps: material.message('timestampVerificationData', readTimestamps) ?? [],
      })),
    };
  });
}

/** The one signature that a bundle is about. @throws VerificationError malformed-bundle */
export function signatureOf(content: BundleContent): Uint8Array {
  if (content.kind === 'message-signature') return content.signature;
  const [signature, ...others] = content.envelope.signatures;
  if (signature && others.length === 0) return signature.sig;
  throw RULES.refuse(`the bundle's envelope has ${content.envelope.signatures.length} signatures, it should have one`);
}

function readContent(message: MessageReader): BundleContent {
  const signature = message.message('messageSignature', readMessageSignature);
  const envelope = message.message('dsseEnvelope', readEnvelope);
  if (signature && !envelope) return signature;
  if (envelope && !signature) return { kind: 'dsse', envelope };
  throw RULES.refuse('the bundle should have either a messageSignature or a dsseEnvelope');
}

function readMessageSignature(message: MessageReader): BundleContent {
  return {
    kind: 'message-signature',
    signature: message.requiredBytes('signature'),
    ...message.message('messageDigest', (digest) => ({
      digestAlgorithm: readHashAlgorithm(digest, 'algorithm'),
      digest: digest.requiredBytes('digest'),
    })),
  };
}

function readMaterial(message: MessageReader, version: BundleVersion): BundleMaterial {
  const rawBytes = (certificate: MessageReader): Uint8Array => certificate.requiredBytes('rawBytes');
  const certificate = message.message('certificate', rawBytes);
  const certificates = message.message('x509CertificateChain', (chain) =>
    chain.messages('certificates', CHAIN_MAX, rawBytes),
  );
  const hint = message.message('publicKey', (key) => key.string('hint'));
  // Before version 0.3 a chain, from then on the leaf alone.
  const isChain = version !== '0.3';
  const isOne = [certificate, certificates, hint].filter((branch) => branch !== undefined).length === 1;
  if (isOne && hint !== undefined) return { kind: 'public-key', hint };
  if (isOne && certificate && !isChain) return { kind: 'certificate', certificate };
  if (isOne && certificates?.length && isChain) return { kind: 'chain', certificates };
  const branch = isChain ? 'an x509CertificateChain' : 'a certificate';
  throw RULES.refuse(`a bundle of version ${version} should have either ${branch} or a publicKey`);
}

function readEntry(message: MessageReader, version: BundleVersion): TlogEntry {
  const entry = readTlogEntry(message);
  if (version === '0.1' ? !entry.inclusionPromise : !entry.inclusionProof?.checkpoint) {
    const evidence = version === '0.1' ? 'an inclusionPromise' : 'an inclusionProof with a checkpoint';
    throw RULES.refuse(`${message.path} has no evidence: in a bundle of version ${version} it should be ${evidence}`);
  }
  return entry;
}

function readTimestamps(message: MessageReader): readonly Uint8Array[] {
  return message.messages('rfc3161Timestamps', TIMESTAMPS_MAX, (timestamp) =>
    timestamp.requiredBytes('signedTimestamp'),
  );
}
