import { z } from 'zod';
import { IssuanceError, reading } from './issuance-error.js';
import { decodeProtoBytes } from './proto-bytes.js';

/** What a caller asks for (fulcio.proto, CreateSigningCertificateRequest). */
export interface SigningCertificateRequest {
  readonly identityToken: string;
  readonly key:
    | { readonly kind: 'public-key'; readonly content: string; readonly proofOfPossession: Uint8Array }
    | { readonly kind: 'signing-request'; readonly pem: Uint8Array };
}

// ProtoJSON: unknown fields are ignored, null means absent, and a field goes by its camelCase or its proto name.
const text = z.string().nullish();
const publicKey = z.object({ content: text }).nullish();
const publicKeyRequest = z
  .object({ publicKey, public_key: publicKey, proofOfPossession: text, proof_of_possession: text })
  .nullish();
const credentials = z.object({ oidcIdentityToken: text, oidc_identity_token: text }).nullish();
const requestBody = z.object({
  credentials,
  publicKeyRequest,
  public_key_request: publicKeyRequest,
  certificateSigningRequest: text,
  certificate_signing_request: text,
});

/**
 * Reads a request's body; the token may also be in the Authorization header.
 * @throws IssuanceError malformed-request, malformed-token
 */
export function parseSigningCertificateRequest(body: unknown, authorization?: string): SigningCertificateRequest {
  const parsed = requestBody.safeParse(body);
  if (!parsed.success) throw malformed(z.prettifyError(parsed.error));
  const { data } = parsed;
  const token = data.credentials?.oidcIdentityToken ?? data.credentials?.oidc_identity_token ?? bearer(authorization);
  if (!token) {
    throw new IssuanceError(
      'malformed-token',
      'there is no identity token in credentials.oidcIdentityToken nor in the Authorization header',
    );
  }
  const keyRequest = data.publicKeyRequest ?? data.public_key_request;
  const signingRequest = data.certificateSigningRequest ?? data.certificate_signing_request;
  if (Boolean(keyRequest) === Boolean(signingRequest)) {
    throw malformed('it should have either publicKeyRequest or certificateSigningRequest');
  }
  if (signingRequest) {
    return {
      identityToken: token,
      key: { kind: 'signing-request', pem: bytes('certificateSigningRequest', signingRequest) },
    };
  }
  const content = (keyRequest?.publicKey ?? keyRequest?.public_key)?.content;
  const proof = keyRequest?.proofOfPossession ?? keyRequest?.proof_of_possession;
  if (!content) throw malformed('publicKeyRequest.publicKey.content is missing');
  if (!proof) throw malformed('publicKeyRequest.proofOfPossession is missing');
  return {
    identityToken: token,
    key: { kind: 'public-key', content, proofOfPossession: bytes('proofOfPossession', proof) },
  };
}

/** RFC 6750 §2.1; the scheme's name is case-insensitive (RFC 9110 §11.1). */
function bearer(authorization: string | undefined): string | undefined {
  return /^bearer +([^ ]+) *$/i.exec(authorization ?? '')?.[1];
}

function bytes(field: string, value: string): Uint8Array {
  return reading('malformed-request', field, () => decodeProtoBytes(value));
}

function malformed(why: string): IssuanceError {
  return new IssuanceError('malformed-request', `the request is malformed: ${why}`);
}
