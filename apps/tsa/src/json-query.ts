import { z } from 'zod';
import { fromBase64 } from '#crypto';
import { BytesError, DIGEST_BYTES, utf8Decode } from '#libs/crypto';
import { NONCE_MAX_BYTES, type TimestampRequest } from '#libs/timestamp';
import { QueryError } from './query-error.js';

/** sigstore/timestamp-authority: a decimal nonce costs quadratic time, so it is kept short. */
const MAX_BYTES = 1024;

const jsonQuery = z.object({
  artifactHash: z.string(),
  hashAlgorithm: z
    .string()
    .transform((name) => name.toLowerCase())
    .pipe(z.enum(['sha256', 'sha384', 'sha512'])),
  certificates: z.boolean().nullish(),
  nonce: z
    .bigint()
    .nonnegative()
    .lt(1n << BigInt(8 * NONCE_MAX_BYTES - 1))
    .nullish(),
  tsaPolicyOID: z.string().nullish(),
});

/**
 * Reads the JSON form of a query: `{"artifactHash": <base64>, "hashAlgorithm", "certificates", "nonce", "tsaPolicyOID"}`.
 * Unknown fields are ignored, as in the service that defined it.
 * @throws QueryError malformed
 */
export function parseJsonQuery(body: Uint8Array): TimestampRequest {
  if (body.length > MAX_BYTES) throw malformed(`it has ${body.length} bytes, it should have at most ${MAX_BYTES}`);
  const parsed = jsonQuery.safeParse(parseJson(body));
  if (!parsed.success) throw malformed(z.prettifyError(parsed.error));
  const { artifactHash, hashAlgorithm, certificates, nonce, tsaPolicyOID } = parsed.data;
  const digest = decodeHash(artifactHash);
  if (digest.length !== DIGEST_BYTES[hashAlgorithm]) {
    throw malformed(
      `artifactHash has ${digest.length} bytes, a ${hashAlgorithm} digest has ${DIGEST_BYTES[hashAlgorithm]}`,
    );
  }
  return {
    hashAlgorithm,
    digest,
    certReq: certificates === true,
    ...(tsaPolicyOID && { policy: tsaPolicyOID }),
    ...(nonce != null && { nonce }),
  };
}

/** With the nonce as it was written: a number of 64 bits doesn't survive as a JavaScript number. */
function parseJson(body: Uint8Array): unknown {
  const exactNonce = (key: string, value: unknown, context?: { source: string }): unknown =>
    key === 'nonce' && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context?.source ?? 0) : value;
  try {
    return JSON.parse(utf8Decode(body), exactNonce);
  } catch (cause) {
    throw malformed('it is not JSON', cause);
  }
}

function decodeHash(text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause;
    throw malformed('artifactHash is not base64', cause);
  }
}

function malformed(why: string, cause?: unknown): QueryError {
  return new QueryError('malformed', `the timestamp query can't be read: ${why}`, { cause });
}
