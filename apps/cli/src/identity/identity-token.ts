import { Failure } from '../failure.js';

/** Audience and client id that the whole field uses. */
export const CLIENT_ID = 'sigstore';

/** What we read in an ID token without trusting it: the CA is the one who verifies it. */
export interface IdentityToken {
  readonly jwt: string;
  readonly issuer: string;
  /** What the proof of possession signs: the e-mail, else the subject (the challenge of Fulcio's API). */
  readonly challenge: string;
  readonly expires: Date | undefined;
}

/** @throws Failure usage */
export function parseIdentityToken(jwt: string): IdentityToken {
  const trimmed = jwt.trim();
  const claims = readClaims(trimmed);
  const { iss, sub, email, exp } = claims;
  if (typeof iss !== 'string') throw malformed('it names no issuer');
  const challenge = typeof email === 'string' && email !== '' ? email : sub;
  if (typeof challenge !== 'string' || challenge === '') throw malformed('it has neither an e-mail nor a subject');
  return { jwt: trimmed, issuer: iss, challenge, expires: typeof exp === 'number' ? new Date(exp * 1000) : undefined };
}

function readClaims(jwt: string): Record<string, unknown> {
  const [header, payload, signature, ...more] = jwt.split('.');
  if (!header || !payload || signature === undefined || more.length > 0) throw malformed('it should have three parts');
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (typeof claims === 'object' && claims !== null) return claims as Record<string, unknown>;
  } catch {
    // Said below; the token itself is a secret and never shown.
  }
  throw malformed('its claims are not JSON');
}

function malformed(why: string): Failure {
  return new Failure(
    'usage',
    `the identity token is not a JWT: ${why}`,
    'an ID token looks like eyJhbGciOi….eyJpc3Mi….c2lnbmF0…',
  );
}
