import { createRemoteJWKSet, customFetch as joseFetch, errors, type JWTVerifyGetKey } from 'jose';
import { allowInsecureRequests, customFetch, discovery } from 'openid-client';
import type { Issuer, Issuers } from '../identity/issuers.js';
import { IssuanceError } from '../issuance-error.js';
import { limitedFetch } from './limited-fetch.js';

const TIMEOUT_MS = 10_000;
/** An issuer that moves its `jwks_uri` is followed after this time. */
const DISCOVERY_MAX_AGE_MS = 3_600_000;
/** After a failure the issuer is left alone for so long, whatever comes in. */
const FAILURE_COOLDOWN_MS = 5_000;
/** How often tokens with unknown key ids can make us ask for the keys again. */
const JWKS_COOLDOWN_MS = 30_000;
const JWKS_MAX_AGE_MS = 600_000;

interface Discovered {
  readonly keys: Promise<JWTVerifyGetKey>;
  /** Monotonic milliseconds. */
  askAgainAt: number;
}

/**
 * The configured issuers and their signing keys, which discovery finds when they are first needed. There is one entry
 * per configured issuer, so it can't grow; redirects are not followed, so no issuer's metadata comes from another host.
 */
export class TrustedIssuers {
  readonly #discovered = new Map<string, Discovered>();

  constructor(
    readonly issuers: Issuers,
    private readonly options: { readonly allowHttp: boolean },
  ) {}

  /** @throws IssuanceError issuer-unavailable */
  keysOf(issuer: Issuer): Promise<JWTVerifyGetKey> {
    const known = this.#discovered.get(issuer.url);
    if (known && performance.now() < known.askAgainAt) return known.keys;
    // An issuer that is away for a moment doesn't make us forget where its keys are.
    const keys = this.#discover(issuer).catch((error: unknown) => known?.keys ?? Promise.reject(error));
    const discovered: Discovered = { keys, askAgainAt: performance.now() + DISCOVERY_MAX_AGE_MS };
    this.#discovered.set(issuer.url, discovered);
    keys.catch(() => (discovered.askAgainAt = performance.now() + FAILURE_COOLDOWN_MS));
    return keys;
  }

  async #discover(issuer: Issuer): Promise<JWTVerifyGetKey> {
    try {
      const configuration = await discovery(new URL(issuer.url), issuer.audience, undefined, undefined, {
        timeout: TIMEOUT_MS / 1000,
        execute: this.options.allowHttp ? [allowInsecureRequests] : [],
        [customFetch]: limitedFetch,
      });
      const { issuer: name, jwks_uri: jwksUri = '' } = configuration.serverMetadata();
      if (name !== issuer.url) throw new Error(`its discovery document is that of ${name}`);
      return this.#remoteKeys(issuer, new URL(jwksUri));
    } catch (cause) {
      throw unavailable(issuer, cause);
    }
  }

  #remoteKeys(issuer: Issuer, jwksUri: URL): JWTVerifyGetKey {
    if (jwksUri.protocol !== 'https:' && !(this.options.allowHttp && jwksUri.protocol === 'http:')) {
      throw new Error(`its jwks_uri is ${jwksUri.href}, it should be https`);
    }
    const keySet = createRemoteJWKSet(jwksUri, {
      timeoutDuration: TIMEOUT_MS,
      cooldownDuration: JWKS_COOLDOWN_MS,
      cacheMaxAge: JWKS_MAX_AGE_MS,
      [joseFetch]: limitedFetch,
    });
    return async (header, token) => {
      try {
        return await keySet(header, token);
      } catch (cause) {
        // These two are about the token; everything else is about the issuer.
        if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys) throw cause;
        throw unavailable(issuer, cause);
      }
    };
  }
}

function unavailable(issuer: Issuer, cause: unknown): IssuanceError {
  return new IssuanceError('issuer-unavailable', `the keys of issuer ${issuer.url} can't be read`, { cause });
}
