import { CodedError } from '#libs/crypto';
import type { CiProvider } from './ci-provider.js';

/** Whom the CA believes, and what it believes of him. */
export type Issuer = EmailIssuer | UriIssuer | CiIssuer;

interface AnyIssuer {
  /** Exactly as tokens have it in `iss`. */
  readonly url: string;
  readonly audience: string;
}
export interface EmailIssuer extends AnyIssuer {
  readonly type: 'email';
}
export interface UriIssuer extends AnyIssuer {
  readonly type: 'uri';
  /** A URL whose scheme and host every subject must have. */
  readonly subjectDomain: string;
}
export interface CiIssuer extends AnyIssuer {
  readonly type: 'ci-provider';
  readonly provider: CiProvider;
}

/** By issuer URL. */
export type Issuers = ReadonlyMap<string, Issuer>;

export class IssuersError extends CodedError<'malformed-issuers' | 'development-issuer'> {}

/** The claim over which the caller proves possession of his key (Fulcio's `challengeClaim`). */
export function challengeClaim(issuer: Issuer): 'email' | 'sub' {
  return issuer.type === 'email' ? 'email' : 'sub';
}

/**
 * A production CA believes nobody whom a neighbour on the network or a process on the machine can play.
 * @throws IssuersError development-issuer
 */
export function requireProductionIssuers(issuers: Issuers): void {
  for (const { url } of issuers.values()) {
    const { protocol, hostname } = new URL(url);
    if (protocol !== 'https:' || isLoopback(hostname)) {
      throw new IssuersError(
        'development-issuer',
        `issuer ${url} is http or loopback; with profile production it should be https on another host`,
      );
    }
  }
}

function isLoopback(hostname: string): boolean {
  // RFC 6761 §6.3 (localhost and names below it), RFC 1122 §3.2.1.3, RFC 4291 §2.5.3; 0.0.0.0 and [::] reach the host too.
  return (
    /(^|\.)localhost\.?$/.test(hostname) ||
    /^127\.|^0\.0\.0\.0$/.test(hostname) ||
    /^\[::(1|ffff:7f[0-9a-f]{2}:[0-9a-f]+)?\]$/.test(hostname)
  );
}
