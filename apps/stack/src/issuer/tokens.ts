import { SignJWT } from 'jose';
import { ID_TOKEN_ALGORITHM } from './signing-key.js';
import type { IssuerKey } from './signing-key.js';

/** The client id that every Sigstore client uses when nobody tells it another one, and the audience of ID tokens. */
export const CLIENT_ID = 'sigstore';

/** How long an ID token is good for, in seconds. */
export const ID_TOKEN_SECONDS = 600;

/** What the issuer says about whoever calls himself `email`. It believes everything: it is for development. */
export function claimsFor(email: string): { sub: string; email: string; email_verified: true } {
  return { sub: email, email, email_verified: true };
}

/** An ID token without any sign-in: what `tally token --email …` and tests ask for. */
export function mintIdToken(email: string, issuer: string, key: IssuerKey): Promise<string> {
  return new SignJWT(claimsFor(email))
    .setProtectedHeader({ alg: ID_TOKEN_ALGORITHM, kid: key.jwk.kid, typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience(CLIENT_ID)
    .setIssuedAt()
    .setExpirationTime(`${ID_TOKEN_SECONDS}s`)
    .sign(key.privateKey);
}
