import { importPublicKey } from '#crypto';
import { decodePem, utf8Decode, type PublicKey } from '#libs/crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Identity } from '#libs/certificate';
import { unreadable } from './artifact.js';
import type { Context } from './context.js';
import { Failure, reasonOf } from './failure.js';
import { shellWord } from './lines.js';

export interface SignerOptions {
  readonly certificateIdentity?: string;
  readonly certificateIdentityRegexp?: string;
  readonly certificateOidcIssuer?: string;
  readonly certificateOidcIssuerRegexp?: string;
  readonly key?: string;
}

/** Who must have signed. `nobody`: the user did not say, so nothing can be accepted. */
export type DemandedSigner =
  | { readonly kind: 'identity'; readonly subject: string | RegExp; readonly issuer: string | RegExp }
  | { readonly kind: 'key'; readonly publicKey: PublicKey }
  | { readonly kind: 'nobody' };

/** @throws Failure usage */
export async function demandedSigner(options: SignerOptions, context: Context): Promise<DemandedSigner> {
  const subject = demand('--certificate-identity', options.certificateIdentity, options.certificateIdentityRegexp);
  const issuer = demand(
    '--certificate-oidc-issuer',
    options.certificateOidcIssuer,
    options.certificateOidcIssuerRegexp,
  );
  if (options.key !== undefined) {
    if (subject !== undefined || issuer !== undefined) {
      throw new Failure('usage', '--key and --certificate-… exclude each other: a bundle is signed with one of them');
    }
    return { kind: 'key', publicKey: await readKey(options.key, context) };
  }
  // Half an identity is none: any issuer can vouch for any name.
  return subject === undefined || issuer === undefined ? { kind: 'nobody' } : { kind: 'identity', subject, issuer };
}

/** The flags that accept exactly this identity. */
export function flagsFor({ subject, issuer }: Identity): string {
  return `--certificate-identity ${shellWord(subject.value)} --certificate-oidc-issuer ${shellWord(issuer)}`;
}

function demand(flag: string, exact: string | undefined, pattern: string | undefined): string | RegExp | undefined {
  if (pattern === undefined) return exact;
  if (exact !== undefined) throw new Failure('usage', `${flag} and ${flag}-regexp exclude each other`);
  try {
    // Anchored: an unanchored "you@example.org" also matches "not-you@example.org.evil".
    return new RegExp(`^(?:${pattern})$`);
  } catch (cause) {
    throw new Failure('usage', `${flag}-regexp is no regular expression: ${reasonOf(cause)}`, undefined, { cause });
  }
}

async function readKey(path: string, context: Context): Promise<PublicKey> {
  const bytes = await readFile(resolve(context.io.cwd, path)).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    const [spki = new Uint8Array()] = decodePem(utf8Decode(bytes), 'PUBLIC KEY');
    return importPublicKey(spki);
  } catch (cause) {
    throw new Failure('usage', `${path} is not a public key in PEM: ${reasonOf(cause)}`, undefined, { cause });
  }
}
