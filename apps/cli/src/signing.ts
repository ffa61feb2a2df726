import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import {
  EXTENDED_KEY_USAGE,
  identityOf,
  parseCertificate,
  verifyChain,
  verifyEmbeddedSct,
  type Certificate,
} from '#libs/certificate';
import { addEntry, requestCertificate, requestTimestamp } from '#libs/client';
import { CodedError, equalBytes } from '#libs/crypto';
import type { HashedRekordEntry } from '#libs/entry';
import { BUNDLE_MEDIA_TYPE, judgeQuorum, verifyBundle, type Bundle, type Verification } from '#libs/verify';
import type { Context } from './context.js';
import { Failure, reasonOf } from './failure.js';
import type { IdentityToken } from './identity/identity-token.js';
import type { PolicyFile } from './policy-file.js';
import type { SigningServices } from './signing-services.js';
import type { Trust } from './trust-config.js';
import type { Policed } from './verdict.js';

/** A key that lives in this process only, and the certificate for it: ten minutes to sign with. */
export interface SigningIdentity {
  readonly key: KeyObject;
  readonly certificate: Certificate;
}

/** What is signed: a digest, and what the bundle shows of it. The signature is over the digest's input. */
export interface Signed {
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly content: Bundle['content'];
  /** SHA-256 of the artifact that a verifier will hold. */
  readonly artifact: Uint8Array;
}

export interface SigningContext {
  readonly services: SigningServices;
  readonly trust: Trust;
  readonly policy: PolicyFile | undefined;
  readonly context: Context;
}

/** A fresh P-256 key, and the certificate that the CA gives for it. @throws Failure, ServiceError */
export async function certify(
  token: IdentityToken,
  { services, trust, context }: SigningContext,
): Promise<SigningIdentity> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const chain = await requestCertificate(
    services.ca,
    {
      identityToken: token.jwt,
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
      proofOfPossession: sign('sha256', Buffer.from(token.challenge), privateKey),
    },
    { signal: context.io.signal },
  );
  const certificate = readLeaf(chain, services.ca);
  if (!equalBytes(certificate.publicKey.spki, publicKey.export({ type: 'spki', format: 'der' }))) {
    throw new Failure(
      'not-verified',
      `the certificate authority at ${services.ca} issued a certificate for another key`,
    );
  }
  verifyIssued(certificate, trust, services.ca);
  return { key: privateKey, certificate };
}

/** Timestamp, entry, bundle, and the bundle verified as everybody else will. @throws Failure, ServiceError, VerificationError */
export async function log(
  { certificate }: SigningIdentity,
  signed: Signed,
  { services, trust, policy, context }: SigningContext,
): Promise<{ bundle: Bundle; verification: Verification; policed: Policed | undefined }> {
  const { signal } = context.io;
  const entry: HashedRekordEntry = {
    kind: 'hashedrekord',
    apiVersion: '0.0.2',
    digest: signed.digest,
    digestAlgorithm: 'sha256',
    signature: signed.signature,
    verifier: { kind: 'certificate', raw: certificate.raw },
    keyDetails: 'PKIX_ECDSA_P256_SHA_256',
  };
  const timestamps = await Promise.all(services.tsas.map((url) => requestTimestamp(url, signed.signature, { signal })));
  const tlogEntries = await Promise.all(services.logs.map((url) => addEntry(url, entry, { signal })));
  const bundle: Bundle = {
    mediaType: BUNDLE_MEDIA_TYPE,
    version: '0.3',
    material: { kind: 'certificate', certificate: certificate.raw },
    tlogEntries,
    timestamps,
    content: signed.content,
  };
  const { subject, issuer } = identityOf(certificate);
  const verification = verifyBundle({
    bundle,
    artifact: { kind: 'digest', algorithm: 'sha256', digest: signed.artifact },
    trustedRoot: trust.trustedRoot,
    identity: { subject: subject.value, issuer },
    now: context.io.now(),
  });
  return { bundle, verification, policed: policy && police(bundle, policy) };
}

/**
 * How the bundle stands under the policy, not demanded here: the entry is logged for ever, and its bundle is the only one
 * that there will be.
 */
function police(bundle: Bundle, policy: PolicyFile): Policed {
  const verdicts = bundle.tlogEntries.map((entry) => judgeQuorum(policy.policy, entry.inclusionProof?.checkpoint));
  const [first = judgeQuorum(policy.policy, undefined)] = verdicts;
  return { policy, quorum: verdicts.find(({ met }) => met) ?? first };
}

function readLeaf([leaf = new Uint8Array()]: readonly Uint8Array[], ca: string): Certificate {
  try {
    return parseCertificate(leaf);
  } catch (cause) {
    throw new Failure(
      'unavailable',
      `the certificate authority at ${ca} issued something unreadable: ${reasonOf(cause)}`,
      undefined,
      { cause },
    );
  }
}

/** Chain and SCT, before anything is signed or logged: an entry with a certificate nobody can verify stays for ever. */
function verifyIssued(leaf: Certificate, { trustedRoot, source }: Trust, ca: string): void {
  const at = leaf.notBefore; // the CA's clock; ours may be wrong
  const refusals: CodedError[] = [];
  for (const { chain } of trustedRoot.certificateAuthorities) {
    const [issuer] = chain;
    if (issuer === undefined) continue;
    try {
      verifyChain({ leaf, chain, at, extendedKeyUsage: EXTENDED_KEY_USAGE.codeSigning });
      verifyEmbeddedSct({ certificate: leaf, issuer, logs: trustedRoot.ctlogs });
      return;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      refusals.push(error);
    }
  }
  const why = refusals[0]?.message ?? 'it trusts no certificate authority';
  throw new Failure(
    'not-verified',
    `the certificate from ${ca} does not verify against ${source}: ${why}`,
    'is that trust config of this deployment? tally doctor compares them',
    { cause: refusals[0] },
  );
}
