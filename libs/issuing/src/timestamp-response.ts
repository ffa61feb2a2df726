import type { Certificate } from '#libs/certificate';
import { DER, encodeDer, encodeOid } from '#libs/crypto';
import type { Signer } from '#libs/signer';
import {
  encodeMessageImprint,
  encodeNonce,
  TIMESTAMP_FAILURES,
  TST_INFO_CONTENT,
  type TimestampFailure,
  type TimestampRequest,
} from '#libs/timestamp';
import { generalizedTime, sequence, smallInteger, utf8String } from './asn1.js';
import { checkIssuer } from './certificate-builder.js';
import { IssuingError } from './issuing-error.js';
import { encodeSerialNumber } from './serial-number.js';
import { createSignedData } from './signed-data.js';

/** PKIStatus (RFC 3161 §2.4.2). */
const STATUS = { granted: 0, rejection: 2 } as const;
const VERSION_1 = 1;
const ACCURACY_SECONDS = 1;

export interface TimestampFields {
  readonly request: TimestampRequest;
  readonly signer: Signer;
  /** The certificate of the signer's key first; it is the one that goes into a token where the request wants it. */
  readonly chain: readonly Certificate[];
  readonly time: Date;
  /** Positive, and unique for this authority: see `randomSerialNumber`. */
  readonly serialNumber: Uint8Array;
  /** The dotted OID of the one policy under which timestamps are made. */
  readonly policy: string;
}

/**
 * A TimeStampResp (RFC 3161 §2.4.2): granted, accurate to one second; or rejected, where the request wants another
 * policy.
 * @returns DER
 * @throws IssuingError wrong-key, outside-validity, serial-number, unsupported-algorithm, invalid-signature; SignerError
 */
export async function createTimestampResponse(fields: TimestampFields): Promise<Uint8Array> {
  const { request, signer, time, policy } = fields;
  const [certificate] = fields.chain;
  if (!certificate) throw new IssuingError('wrong-key', 'a timestamp authority has no certificate');
  if (request.policy !== undefined && request.policy !== policy) {
    return rejectTimestamp('unacceptedPolicy', `the policy is ${policy}`);
  }
  checkIssuer({ certificate, signer }, { notBefore: time, notAfter: time });
  const token = await createSignedData({
    type: TST_INFO_CONTENT,
    content: encodeTstInfo(fields),
    signer,
    certificate,
    includeCertificate: request.certReq,
    signingTime: time,
  });
  return sequence(sequence(smallInteger(STATUS.granted)), token);
}

function encodeTstInfo({ request, time, serialNumber, policy }: TimestampFields): Uint8Array {
  const { hashAlgorithm, digest, nonce } = request;
  return sequence(
    smallInteger(VERSION_1),
    encodeOid(policy),
    encodeMessageImprint({ hashAlgorithm, hashedMessage: digest }),
    encodeSerialNumber(serialNumber),
    generalizedTime(time), // the accuracy covers what is cut off
    sequence(smallInteger(ACCURACY_SECONDS)),
    ...(nonce === undefined ? [] : [encodeNonce(nonce)]),
  );
}

/** A TimeStampResp that says why there is no timestamp, DER. */
export function rejectTimestamp(failure: TimestampFailure, reason: string): Uint8Array {
  const failInfo = namedBit(TIMESTAMP_FAILURES[failure]);
  return sequence(sequence(smallInteger(STATUS.rejection), sequence(utf8String(reason)), failInfo));
}

/** A named bit list with one bit set, and no bits behind it (X.690 §11.2.2). */
function namedBit(bit: number): Uint8Array {
  const octets = new Uint8Array((bit >> 3) + 1);
  octets[bit >> 3] = 0x80 >> (bit & 7);
  return encodeDer(DER.bitString, Uint8Array.of(7 - (bit & 7)), octets);
}
