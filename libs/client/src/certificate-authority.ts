import { toBase64 } from '#crypto';
import { decodePem, utf8Encode } from '#libs/crypto';
import { expectJson, expectStatus, unexpected } from './answer.js';
import type { CallOptions } from './exchange.js';
import { exchangePatiently } from './patience.js';
import { serviceUrl } from './service-url.js';

/** Possession of the key is shown by a signature over the token's challenge, or by the CSR's own signature. */
export type CertificateRequest =
  | {
      readonly identityToken: string;
      readonly publicKeyPem: string;
      /** Over the UTF-8 e-mail of the token, else its subject. */
      readonly proofOfPossession: Uint8Array;
    }
  | { readonly identityToken: string; readonly csrPem: string };

const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_CERTIFICATES = 10;

/**
 * Asks a CA for a signing certificate (Fulcio HTTP API v2, `signingCert`). DER, leaf first.
 * A certificate without an embedded SCT can't be verified by anyone and is not accepted.
 * @throws ServiceError
 */
export async function requestCertificate(
  caUrl: string,
  request: CertificateRequest,
  options?: CallOptions,
): Promise<Uint8Array[]> {
  const key =
    'csrPem' in request
      ? { certificateSigningRequest: toBase64(utf8Encode(request.csrPem)) }
      : {
          publicKeyRequest: {
            publicKey: { algorithm: 'ECDSA', content: request.publicKeyPem },
            proofOfPossession: toBase64(request.proofOfPossession),
          },
        };
  const answer = await exchangePatiently(
    {
      service: 'the certificate authority',
      url: serviceUrl(caUrl, 'api/v2/signingCert'),
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ credentials: { oidcIdentityToken: request.identityToken }, ...key }),
      maxBytes: MAX_ANSWER_BYTES,
    },
    options,
  );
  expectStatus(answer, 200, 201);
  return expectJson(answer, 'a certificate', (json) => {
    const { signedCertificateEmbeddedSct, signedCertificateDetachedSct } = json as Record<string, unknown>;
    if (signedCertificateEmbeddedSct === undefined && signedCertificateDetachedSct !== undefined) {
      throw unexpected(
        answer,
        'a certificate that has no SCT inside: its CA runs without a certificate transparency log',
      );
    }
    const chain = certificates((signedCertificateEmbeddedSct as { chain?: unknown } | undefined)?.chain);
    if (chain.length < 2) throw new TypeError('the chain has no issuer');
    return chain;
  });
}

/** The chains that a CA issues under, each issuing CA first (Fulcio HTTP API v2, `trustBundle`). @throws ServiceError */
export async function fetchTrustBundle(caUrl: string, options?: CallOptions): Promise<Uint8Array[][]> {
  const answer = await exchangePatiently(
    {
      service: 'the certificate authority',
      url: serviceUrl(caUrl, 'api/v2/trustBundle'),
      method: 'GET',
      maxBytes: MAX_ANSWER_BYTES,
    },
    options,
  );
  expectStatus(answer, 200);
  return expectJson(answer, 'a trust bundle', (json) => {
    const { chains } = json as { chains?: unknown };
    if (!Array.isArray(chains)) throw new TypeError('chains is not a list');
    return chains.map(certificates);
  });
}

function certificates(chain: unknown): Uint8Array[] {
  const list = (chain as { certificates?: unknown } | null | undefined)?.certificates;
  if (!Array.isArray(list) || list.length > MAX_CERTIFICATES) {
    throw new TypeError(`chain.certificates is not a list of at most ${MAX_CERTIFICATES} certificates`);
  }
  return list.flatMap((pem: unknown) => {
    if (typeof pem !== 'string') throw new TypeError('a certificate is not a string');
    return decodePem(pem, 'CERTIFICATE');
  });
}
