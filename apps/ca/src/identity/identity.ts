import type { ClaimName } from '#libs/certificate';
import { IssuanceError } from '../issuance-error.js';
import { isEmailAddress, isUri, percentEncode } from './names.js';
import { renderClaimTemplate, TemplateError } from './claim-template.js';
import type { CiIssuer, EmailIssuer, Issuer, UriIssuer } from './issuers.js';

/** The claims of an ID token whose signature, issuer, audience and times were checked. */
export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

/** What a certificate will say, and what its key holder must have signed. */
export interface CertifiedIdentity {
  readonly subject: { readonly type: 'email' | 'uri'; readonly value: string };
  readonly issuer: string;
  readonly claims: Readonly<Partial<Record<ClaimName, string>>>;
  /** Proof of possession is a signature over the UTF-8 of this. */
  readonly challenge: string;
}

/** Longest value in a certificate, in UTF-16 units. GitHub's longest are a few hundred. */
const MAX_VALUE = 2048;

/** @throws IssuanceError refused-identity */
export function identify(issuer: Issuer, claims: Claims): CertifiedIdentity {
  switch (issuer.type) {
    case 'email':
      return emailIdentity(issuer, claims);
    case 'uri':
      return uriIdentity(issuer, claims);
    case 'ci-provider':
      return ciIdentity(issuer, claims);
  }
}

function emailIdentity(issuer: EmailIssuer, { sub, email, email_verified }: Claims): CertifiedIdentity {
  if (typeof email !== 'string' || !isEmailAddress(email)) throw refused('the claim "email" is not an e-mail address');
  // Some providers (AWS Cognito) send booleans as strings.
  if (email_verified !== true && email_verified !== 'true') throw refused('the claim "email_verified" is not true');
  return {
    subject: { type: 'email', value: email },
    issuer: issuer.url,
    claims: { tokenSubject: text('sub', sub) },
    challenge: email,
  };
}

function uriIdentity(issuer: UriIssuer, { sub }: Claims): CertifiedIdentity {
  if (sub.length > MAX_VALUE || !isUri(sub)) throw refused('the claim "sub" is not a URI');
  const [subject, domain] = [new URL(sub), new URL(issuer.subjectDomain)];
  if (subject.protocol !== domain.protocol || subject.hostname !== domain.hostname || subject.username !== '') {
    throw refused(`the claim "sub" is not below ${issuer.subjectDomain}`);
  }
  return { subject: { type: 'uri', value: sub }, issuer: issuer.url, claims: { tokenSubject: sub }, challenge: sub };
}

function ciIdentity(issuer: CiIssuer, claims: Claims): CertifiedIdentity {
  const values = claimValues(issuer.provider.defaults, claims);
  const { subjectAlternativeName, extensions } = issuer.provider;
  try {
    const san = percentEncode(text('subject', renderClaimTemplate(subjectAlternativeName, values)));
    if (!isUri(san)) throw refused(`the template "${subjectAlternativeName.source}" gives no URI for this token`);
    const rendered = [...extensions]
      .map(([name, template]) => [name, text(name, renderClaimTemplate(template, values))] as const)
      .filter(([, value]) => value !== ''); // an optional claim that wasn't there
    return {
      subject: { type: 'uri', value: san },
      issuer: issuer.url,
      claims: { ...Object.fromEntries(rendered), tokenSubject: text('sub', claims.sub) },
      challenge: claims.sub,
    };
  } catch (error) {
    if (error instanceof TemplateError) throw refused(error.message);
    throw error;
  }
}

/** Claims come before defaults. Lists and objects can't stand in a certificate, so they count as absent. */
function claimValues(defaults: Readonly<Record<string, string>>, claims: Claims): ReadonlyMap<string, string> {
  const values = new Map(Object.entries(defaults));
  for (const [name, value] of Object.entries(claims)) {
    if (typeof value === 'string') values.set(name, value);
    else if (typeof value === 'boolean' || Number.isSafeInteger(value)) values.set(name, String(value));
  }
  return values;
}

/** A value that reads in a certificate as it read in the token: not cut off, no control characters, no lone surrogates. */
function text(what: string, value: string): string {
  if (value.length > MAX_VALUE || /[\p{Cc}\p{Cs}]/u.test(value)) {
    throw refused(`the value for "${what}" is longer than ${MAX_VALUE} or has control characters`);
  }
  return value;
}

function refused(why: string): IssuanceError {
  return new IssuanceError('refused-identity', `identity token: ${why}`);
}
