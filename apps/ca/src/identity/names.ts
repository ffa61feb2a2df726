/** The two kinds of subject alternative name that we certify. Both are IA5Strings in a certificate (RFC 5280 §4.2.1.6). */

// RFC 5321 §4.1.2 without quoted local parts and address literals, which no identity provider hands out.
const ATOM = String.raw`[\w!#$%&'*+/=?^${'`'}{|}~-]+`;
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const EMAIL = new RegExp(String.raw`^${ATOM}(?:\.${ATOM})*@${LABEL}(?:\.${LABEL})*$`);

export function isEmailAddress(value: string): boolean {
  // RFC 5321 §4.5.3.1: 64 octets before the @, 254 for the whole (RFC 3696 erratum 1690).
  return value.length <= 254 && value.indexOf('@') <= 64 && EMAIL.test(value);
}

// RFC 3986 §2: reserved, unreserved, percent-encoded. URL parsers skip or repair other characters, so that what they
// call the host need not be what a reader of the certificate sees.
const URI_CHARACTERS = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;

/** An absolute http(s) URI with a host. */
export function isUri(value: string): boolean {
  return URI_CHARACTERS.test(value) && /^https?:\/\/[^/]/.test(value) && URL.canParse(value);
}

/** Encodes the characters that can't stand in a URI (a branch may be named "é"); what is encoded already stays. */
export function percentEncode(value: string): string {
  return value.replace(/%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]/gu, encodeURIComponent);
}
