import { decodeJwt, errors, jwtVerify } from 'jose';
import type { Claims } from '../identity/identity.js';
import type { Issuer, Issuers } from '../identity/issuers.js';
import { IssuanceError } from '../issuance-error.js';
import type { TrustedIssuers } from './trusted-issuers.js';

/** Real tokens have one to three KiB. */
const ID_TOKEN_MAX_LENGTH = 16_384;

/** For `exp`, `nbf` and `iat`: how far the issuer's clock may be from ours. */
const CLOCK_TOLERANCE_SECONDS = 10;

// Signatures that only the issuer can make: no `none`, and no HMAC, whose key might be something public.
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'Ed25519',
  'EdDSA',
];

/**
 * Which of the trusted issuers signed this ID token, and what it says (OpenID Connect Core §3.1.3.7).
 * @throws IssuanceError malformed-token, unknown-issuer, refused-token, issuer-unavailable
 */
export async function verifyIdToken(
  token: string,
  trusted: TrustedIssuers,
  now: Date,
): Promise<{ issuer: Issuer; claims: Claims }> {
  const issuer = claimedIssuer(token, trusted.issuers);
  const keys = await trusted.keysOf(issuer);
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      issuer: issuer.url,
      audience: issuer.audience,
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: now,
    });
    const { sub, iat = 0 } = payload;
    if (typeof sub !== 'string' || sub === '') throw refused('the claim "sub" is empty');
    // jose looks at `iat` only where it limits a token's age.
    if (iat > now.getTime() / 1000 + CLOCK_TOLERANCE_SECONDS) throw refused('the claim "iat" lies in the future');
    return { issuer, claims: { ...payload, sub } };
  } catch (error) {
    // jose's messages name claims and algorithms. The error itself carries the claims, so it is not kept as a cause.
    if (error instanceof errors.JOSEError) throw refused(error.message);
    throw error;
  }
}

/** The issuer that the token claims to be from decides which keys are tried; nothing else in it is read before. */
function claimedIssuer(token: string, issuers: Issuers): Issuer {
  if (token.length > ID_TOKEN_MAX_LENGTH) {
    throw new IssuanceError(
      'malformed-token',
      `the identity token has ${token.length} characters, it should have at most ${ID_TOKEN_MAX_LENGTH}`,
    );
  }
  let url: unknown;
  try {
    url = decodeJwt(token).iss;
  } catch {
    throw new IssuanceError('malformed-token', 'the identity token is not a signed JWT');
  }
  const issuer = typeof url === 'string' ? issuers.get(url) : undefined;
  if (!issuer)
    throw new IssuanceError('unknown-issuer', 'the identity token is from an issuer that is not trusted here');
  return issuer;
}

function refused(why: string): IssuanceError {
  return new IssuanceError('refused-token', `the identity token is refused: ${why}`);
}
