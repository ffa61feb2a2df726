import { expectJson, expectStatus } from './answer.js';
import type { CallOptions } from './exchange.js';
import { exchangePatiently } from './patience.js';
import { serviceUrl } from './service-url.js';

const MAX_ANSWER_BYTES = 256 * 1024;

/** What an OpenID Connect issuer says of itself (OpenID Connect Discovery 1.0); only `issuer` is checked. */
export interface IssuerMetadata {
  readonly issuer: string;
  readonly [name: string]: unknown;
}

/** @throws ServiceError, unexpected-answer also when the document is of another issuer (Discovery 1.0 §4.3) */
export async function fetchIssuerMetadata(issuer: string, options?: CallOptions): Promise<IssuerMetadata> {
  const answer = await exchangePatiently(
    {
      service: 'the identity provider',
      url: serviceUrl(issuer, '.well-known/openid-configuration'),
      method: 'GET',
      maxBytes: MAX_ANSWER_BYTES,
    },
    options,
  );
  expectStatus(answer, 200);
  return expectJson(answer, 'a discovery document', (json) => {
    const metadata = json as IssuerMetadata;
    if (metadata.issuer !== issuer) {
      throw new TypeError(`it says it is ${String(metadata.issuer)}, it should be ${issuer}`);
    }
    return metadata;
  });
}

/** Asks the development issuer of a local stack for an ID token of anybody. @throws ServiceError */
export async function requestDevelopmentToken(endpoint: string, email: string, options?: CallOptions): Promise<string> {
  const answer = await exchangePatiently(
    {
      service: 'the development issuer',
      url: endpoint,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email }),
      maxBytes: MAX_ANSWER_BYTES,
    },
    options,
  );
  expectStatus(answer, 200, 201);
  return expectJson(answer, 'a token', (json) => stringMember(json, 'id_token'));
}

/**
 * The ID token of the running GitHub Actions job, for `audience` (`requestUrl` and `requestToken` are
 * ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN).
 * @throws ServiceError
 */
export async function requestActionsToken(
  requestUrl: string,
  requestToken: string,
  audience: string,
  options?: CallOptions,
): Promise<string> {
  const url = `${requestUrl}${requestUrl.includes('?') ? '&' : '?'}audience=${encodeURIComponent(audience)}`;
  const answer = await exchangePatiently(
    {
      service: 'the token service of GitHub Actions',
      url,
      method: 'GET',
      headers: { authorization: `bearer ${requestToken}`, accept: 'application/json' },
      maxBytes: MAX_ANSWER_BYTES,
    },
    options,
  );
  expectStatus(answer, 200);
  return expectJson(answer, 'a token', (json) => stringMember(json, 'value'));
}

function stringMember(json: unknown, name: string): string {
  const value = (json as Record<string, unknown>)[name];
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name} is not a string`);
  return value;
}
