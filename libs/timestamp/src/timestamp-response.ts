import { DER, derInteger, derSequence, derString, type DerElement } from '#libs/crypto';
import { parsing, TimestampError } from './timestamp-error.js';
import { parseTimestampToken, type TimestampToken } from './timestamp-token.js';

/** A response with a chain of certificates has 5 to 6 KiB. */
export const TIMESTAMP_RESPONSE_MAX_BYTES = 65_536;
const GRANTED = 0n;

/** Bits of PKIFailureInfo that RFC 3161 §2.4.2 uses. */
export const TIMESTAMP_FAILURES = {
  badAlg: 0,
  badRequest: 2,
  badDataFormat: 5,
  timeNotAvailable: 14,
  unacceptedPolicy: 15,
  unacceptedExtension: 16,
  addInfoNotAvailable: 17,
  systemFailure: 25,
} as const;

export type TimestampFailure = keyof typeof TIMESTAMP_FAILURES;

/** A TimeStampResp (RFC 3161 §2.4.2). */
export type TimestampResponse =
  | { readonly status: 'granted'; readonly token: TimestampToken }
  | {
      readonly status: 'not-granted';
      readonly failures: readonly TimestampFailure[];
      /** What the authority says about it. */
      readonly text: string;
    };

/**
 * Reads a response. Only `granted` grants: "with modifications" is for those who know what they asked for.
 * @throws TimestampError malformed-response, unsupported-algorithm
 */
export function parseTimestampResponse(der: Uint8Array): TimestampResponse {
  if (der.length > TIMESTAMP_RESPONSE_MAX_BYTES) {
    throw new TimestampError(
      'malformed-response',
      `a timestamp response has ${der.length} bytes, the limit is ${TIMESTAMP_RESPONSE_MAX_BYTES}`,
    );
  }
  return parsing('malformed-response', 'a timestamp response is malformed', () => {
    const [statusInfo, token, ...rest] = derSequence(der);
    const { status, failures, text } = parseStatusInfo(statusInfo);
    if (status !== GRANTED) return { status: 'not-granted', failures, text };
    if (!token || failures.length > 0 || rest.length > 0) {
      throw new TimestampError('malformed-response', 'a granted timestamp is not a status and a token');
    }
    return { status: 'granted', token: parseTimestampToken(token) };
  });
}

function parseStatusInfo(element: DerElement | undefined): {
  status: bigint;
  failures: TimestampFailure[];
  text: string;
} {
  const fields = derSequence(element);
  const status = derInteger(fields.shift());
  const text = fields[0]?.tag === DER.sequence ? derSequence(fields.shift()).map(derString).join(' ') : '';
  const failures = fields.length > 0 ? parseFailures(fields.shift()) : [];
  if (fields.length > 0) throw new TimestampError('malformed-response', 'a status has an unknown field');
  return { status, failures, text };
}

function parseFailures(element: DerElement | undefined): TimestampFailure[] {
  if (element?.tag !== DER.bitString) throw new TimestampError('malformed-response', 'a failure is not a BIT STRING');
  const octets = element.contents.subarray(1);
  const names = Object.keys(TIMESTAMP_FAILURES) as TimestampFailure[];
  return names.filter(
    (name) => ((octets[TIMESTAMP_FAILURES[name] >> 3] ?? 0) & (0x80 >> (TIMESTAMP_FAILURES[name] & 7))) !== 0,
  );
}
