import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { vectors } from './vectors.js';

/** The parts of a Sigstore trusted root, and of the bundles of sigstore-conformance, that tests read; JSON as it is. */
export interface TrustedRootJson {
  readonly ctlogs?: readonly TrustedLogJson[];
  readonly certificateAuthorities: readonly TrustedAuthorityJson[];
  readonly timestampAuthorities?: readonly TrustedAuthorityJson[];
}

export interface TrustedLogJson {
  readonly logId: { readonly keyId: string };
  readonly publicKey: { readonly rawBytes: string; readonly keyDetails: string; readonly validFor: ValidityJson };
}

export interface TrustedAuthorityJson {
  readonly uri?: string;
  readonly certChain: { readonly certificates: readonly { readonly rawBytes: string }[] };
  readonly validFor: ValidityJson;
}

interface ValidityJson {
  readonly start: string;
  readonly end?: string | null;
}

export interface ConformanceCase {
  readonly name: string;
  /** The signing certificate, where the bundle has one. */
  readonly leaf?: Uint8Array;
  /** The signature bytes that timestamps are over. */
  readonly signature: Uint8Array;
  readonly timestamps: readonly Uint8Array[];
  readonly trustedRoot: TrustedRootJson;
}

const readJson = (path: string): any => JSON.parse(readFileSync(path, 'utf8')); // oxlint-disable-line no-explicit-any
const fromBase64 = (text: string | undefined): Uint8Array => new Uint8Array(Buffer.from(text ?? '', 'base64'));

/** Every bundle of sigstore-conformance that is JSON, with its trusted root; undefined without the vectors. */
export function conformanceCases(): readonly ConformanceCase[] | undefined {
  const folder = vectors('sigstore-conformance/bundle-verify');
  const publicGood = vectors('public-good');
  if (folder === undefined || publicGood === undefined) return undefined;
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'bundle.sigstore.json')) && name !== 'bundle-malformed-json_fail')
    .map((name) => {
      const bundle = readJson(join(folder, name, 'bundle.sigstore.json'));
      const { certificate, x509CertificateChain: chain, timestampVerificationData: data } = bundle.verificationMaterial;
      const leaf = certificate?.rawBytes ?? chain?.certificates?.[0]?.rawBytes;
      const own = join(folder, name, 'trusted_root.json');
      return {
        name,
        ...(leaf && { leaf: fromBase64(leaf) }),
        signature: fromBase64(bundle.messageSignature?.signature ?? bundle.dsseEnvelope?.signatures[0].sig),
        timestamps: (data?.rfc3161Timestamps ?? []).map((t: { signedTimestamp: string }) =>
          fromBase64(t.signedTimestamp),
        ),
        trustedRoot: readJson(existsSync(own) ? own : join(publicGood, 'trusted_root.json')),
      };
    });
}
