import { createHash, sign } from 'node:crypto';
import { DER, encodeDer, encodeOid, utf8Encode } from '#libs/crypto';
import { parseCertificate } from '#libs/certificate';
import type { MadeCertificate } from './certificates.js';

/** A timestamp factory that, unlike an authority, makes whatever a test wants to see refused. */
export interface TimestampRecipe {
  readonly message: Uint8Array;
  readonly signer: MadeCertificate;
  readonly genTime?: string;
  readonly certificates?: readonly Uint8Array[];
  /** In place of what is right. */
  readonly replace?: Partial<
    Record<
      | 'version'
      | 'imprint'
      | 'accuracy'
      | 'afterGenTime'
      | 'sid'
      | 'signerVersion'
      | 'attributes'
      | 'contentType'
      | 'messageDigest'
      | 'certificateHash'
      | 'digestAlgorithm'
      | 'signatureAlgorithm'
      | 'signedBytes'
      | 'signers'
      | 'statusInfo',
      Uint8Array
    >
  >;
}

export const OID = {
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  tstInfo: '1.2.840.113549.1.9.16.1.4',
  signedData: '1.2.840.113549.1.7.2',
} as const;

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => encodeDer(DER.sequence, ...parts);
export const set = (...parts: readonly Uint8Array[]): Uint8Array => encodeDer(DER.set, ...parts);
export const integer = (...bytes: readonly number[]): Uint8Array => encodeDer(DER.integer, Uint8Array.from(bytes));
export const octets = (bytes: Uint8Array): Uint8Array => encodeDer(DER.octetString, bytes);
export const sha256Of = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
export const attribute = (oid: string, ...values: readonly Uint8Array[]): Uint8Array =>
  sequence(encodeOid(oid), set(...values));

const SHA256 = sequence(encodeOid(OID.sha256));
const ECDSA_SHA256 = sequence(encodeOid('1.2.840.10045.4.3.2'));
const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

export function makeTimestamp(recipe: TimestampRecipe): Uint8Array {
  const replace = recipe.replace ?? {};
  const certificate = parseCertificate(recipe.signer.der);
  const content = sequence(
    replace.version ?? integer(1),
    encodeOid('1.2.3.4'),
    replace.imprint ?? sequence(SHA256, octets(sha256Of(recipe.message))),
    integer(1),
    encodeDer(DER.generalizedTime, utf8Encode(recipe.genTime ?? '20260601120000Z')),
    replace.accuracy ?? sequence(integer(1)),
    replace.afterGenTime ?? new Uint8Array(),
  );
  const certificateHash = replace.certificateHash ?? sequence(sequence(sequence(octets(sha256Of(recipe.signer.der)))));
  const attributes =
    replace.attributes ??
    join(
      attribute('1.2.840.113549.1.9.3', replace.contentType ?? encodeOid(OID.tstInfo)),
      attribute('1.2.840.113549.1.9.4', replace.messageDigest ?? octets(sha256Of(content))),
      attribute('1.2.840.113549.1.9.16.2.47', certificateHash),
    );
  const signature = sign('sha256', replace.signedBytes ?? set(attributes), recipe.signer.privateKey);
  const signerInfo = sequence(
    replace.signerVersion ?? integer(1),
    replace.sid ?? sequence(certificate.issuer, encodeDer(DER.integer, certificate.serialNumber)),
    replace.digestAlgorithm ?? SHA256,
    encodeDer(0xa0, attributes),
    replace.signatureAlgorithm ?? ECDSA_SHA256,
    octets(signature),
  );
  const signedData = sequence(
    integer(3),
    set(replace.digestAlgorithm ?? SHA256),
    sequence(encodeOid(OID.tstInfo), encodeDer(0xa0, octets(content))),
    ...(recipe.certificates ? [encodeDer(0xa0, ...recipe.certificates)] : []),
    replace.signers ?? set(signerInfo),
  );
  const token = sequence(encodeOid(OID.signedData), encodeDer(0xa0, signedData));
  return sequence(replace.statusInfo ?? sequence(integer(0)), token);
}
