import { utf8Encode } from '#libs/crypto';
import { replaceFile } from '#libs/tile-store';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { readIfThere } from '../read-if-there.js';

/**
 * The algorithm of every ID token of the development issuer: the one that every client must know (OpenID Connect Core
 * §15.1), and the only one that `cosign --identity-token` takes for a token and not for the name of a file.
 */
export const ID_TOKEN_ALGORITHM = 'RS256';

/** The issuer's private key, in the two forms its users need. */
export interface IssuerKey {
  readonly jwk: JWK & { readonly kid: string };
  readonly privateKey: CryptoKey;
}

/**
 * The issuer's signing key from the JWK file at `path` (mode 0600), made when there is none. It stays the same over
 * restarts, so that ID tokens and what the CA has cached stay good.
 */
export async function openIssuerKey(path: string): Promise<IssuerKey> {
  const jwk = (await readJwk(path)) ?? (await createJwk(path));
  const privateKey = await importJWK(jwk, ID_TOKEN_ALGORITHM);
  if (privateKey instanceof Uint8Array || jwk.kid === undefined) {
    throw new Error(
      `${path} is not the private key of a development issuer: remove it, and a new one is made at the next start`,
    );
  }
  return { jwk: { ...jwk, kid: jwk.kid }, privateKey };
}

/** The key at `path`, unless it is one for another algorithm: tokens live for minutes, so another key does no harm. */
async function readJwk(path: string): Promise<JWK | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const jwk = JSON.parse(text) as JWK;
  return jwk.alg === undefined || jwk.alg === ID_TOKEN_ALGORITHM ? jwk : undefined;
}

async function createJwk(path: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ID_TOKEN_ALGORITHM, { extractable: true });
  const key = await exportJWK(privateKey);
  const jwk = { ...key, kid: await calculateJwkThumbprint(key), alg: ID_TOKEN_ALGORITHM, use: 'sig' };
  await replaceFile(path, utf8Encode(`${JSON.stringify(jwk)}\n`));
  return jwk;
}
