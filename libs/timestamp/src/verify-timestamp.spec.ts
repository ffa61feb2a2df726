import { describe, expect, test } from '@jest/globals';
import { concatBytes, DER, encodeDer, encodeOid, utf8Encode } from '#libs/crypto';
import { EXTENDED_KEY_USAGE, EXTENSION, parseCertificate } from '#libs/certificate';
import {
  basicConstraints,
  extendedKeyUsage,
  extension,
  KEY_USAGE,
  keyUsage,
  makeCertificate,
} from '../../../test/certificates.js';
import {
  attribute,
  integer,
  makeTimestamp,
  octets,
  OID,
  sequence,
  set,
  sha256Of,
  type TimestampRecipe,
} from '../../../test/timestamps.js';
import { parseTimestampResponse, TIMESTAMP_RESPONSE_MAX_BYTES } from './timestamp-response.js';
import { verifyTimestamp } from './verify-timestamp.js';

const { timeStamping, codeSigning } = EXTENDED_KEY_USAGE;
const refusedAs = (code: string) => expect.objectContaining({ name: 'TimestampError', code });
const message = utf8Encode('a signature');
const forTimestamps = extension(EXTENSION.extendedKeyUsage, sequence(encodeOid(timeStamping)), true);
const keyId = Uint8Array.of(1, 2, 3);
const LEAF = [keyUsage(KEY_USAGE.signing), forTimestamps, extension(EXTENSION.subjectKeyIdentifier, octets(keyId))];

const root = makeCertificate({ commonName: 'tsa root', extensions: [keyUsage(KEY_USAGE.ca), basicConstraints()] });
const tsa = makeCertificate({ commonName: 'tsa', issuer: root, extensions: LEAF });
const validFor = { start: new Date('2026-01-01T00:00:00Z') };
const authorityOf = (...ders: { der: Uint8Array }[]) => ({
  chain: ders.map(({ der }) => parseCertificate(der)),
  validFor,
});
const authority = authorityOf(tsa, root);

const make = (recipe: Partial<TimestampRecipe> = {}) => makeTimestamp({ message, signer: tsa, ...recipe });
const replacing = (replace: NonNullable<TimestampRecipe['replace']>) => make({ replace });
const verifyIt = (response: Uint8Array, authorities = [authority]) => verifyTimestamp(response, message, authorities);

describe('a timestamp', () => {
  test('by a trusted authority verifies, and says when', () => {
    expect(verifyIt(make())).toEqual({ time: new Date('2026-06-01T12:00:00Z'), authority });
  });

  test('may state fractions of a second', () => {
    expect(verifyIt(make({ genTime: '20260601120000.25Z' })).time).toEqual(new Date('2026-06-01T12:00:00.250Z'));
  });

  test('may bring its certificate along', () => {
    expect(verifyIt(make({ certificates: [tsa.der, root.der] })).authority).toBe(authority);
  });

  test('may name its signer by key identifier', () => {
    const response = replacing({ sid: encodeDer(0x80, keyId), signerVersion: integer(3) });
    expect(verifyIt(response).authority).toBe(authority);
  });

  test('may be by any of several authorities', () => {
    const other = authorityOf(makeCertificate({ commonName: 'other', issuer: root, extensions: LEAF }), root);
    expect(verifyIt(make(), [other, authority]).authority).toBe(authority);
  });

  test('of an authority known by its CA alone brings the certificate', () => {
    const ca = authorityOf(root);
    expect(verifyIt(make({ certificates: [root.der, tsa.der] }), [ca]).authority).toBe(ca);
    expect(() => verifyIt(make(), [ca])).toThrow(refusedAs('unknown-signer'));
  });

  test('at either end of the trust in its authority verifies, a second later it does not', () => {
    const upTo = (end: string) => ({
      ...authority,
      validFor: { start: new Date('2026-06-01T12:00:00Z'), end: new Date(end) },
    });
    expect(() => verifyIt(make(), [upTo('2026-06-01T12:00:00Z')])).not.toThrow();
    expect(() => verifyIt(make({ genTime: '20260601120001Z' }), [upTo('2026-06-01T12:00:00Z')])).toThrow(
      refusedAs('outside-validity'),
    );
    expect(() => verifyIt(make({ genTime: '20260601115959Z' }), [upTo('2027-01-01T00:00:00Z')])).toThrow(
      refusedAs('outside-validity'),
    );
  });

  test.each<[string, string, Partial<TimestampRecipe>]>([
    ['over another message', 'imprint-mismatch', { message: utf8Encode('another signature') }],
    ['when its certificate was not valid', 'certificate-chain', { genTime: '20270601120000Z' }],
    ['that brings other certificates than its signer’s', 'unknown-signer', { certificates: [root.der] }],
    ['by an unknown signer', 'unknown-signer', { replace: { sid: sequence(sequence(), integer(1)) } }],
    [
      'by an unknown key',
      'unknown-signer',
      { replace: { sid: encodeDer(0x80, Uint8Array.of(9)), signerVersion: integer(3) } },
    ],
    ['of another content type', 'invalid-signature', { replace: { contentType: encodeOid(OID.signedData) } }],
    ['of another content', 'invalid-signature', { replace: { messageDigest: octets(sha256Of(message)) } }],
    [
      'whose signer names another certificate',
      'invalid-signature',
      { replace: { certificateHash: sequence(sequence(sequence(octets(sha256Of(root.der))))) } },
    ],
    ['whose signature is over other attributes', 'invalid-signature', { replace: { signedBytes: set() } }],
  ])('%s is refused as %s', (_, code, recipe) => {
    expect(() => verifyIt(make(recipe))).toThrow(refusedAs(code));
  });

  test.each([
    [
      'for code signing too',
      [extension(EXTENSION.extendedKeyUsage, sequence(encodeOid(timeStamping), encodeOid(codeSigning)), true)],
    ],
    ['whose usage is not critical', [extendedKeyUsage(timeStamping)]],
    ['for any purpose', []],
  ])('by a certificate %s is refused', (_, usages) => {
    const signer = makeCertificate({
      commonName: 'tsa',
      issuer: root,
      extensions: [keyUsage(KEY_USAGE.signing), ...usages],
    });
    const response = makeTimestamp({ message, signer });
    expect(() => verifyIt(response, [authorityOf(signer, root)])).toThrow(refusedAs('certificate-chain'));
  });

  test('that was not granted does not verify', () => {
    const response = sequence(sequence(integer(2), encodeDer(DER.bitString, Uint8Array.of(5, 0x20))));
    expect(parseTimestampResponse(response)).toEqual({ status: 'not-granted', failures: ['badRequest'], text: '' });
    expect(() => verifyIt(response)).toThrow(refusedAs('not-granted'));
  });

  test('that was granted with modifications does not verify', () => {
    expect(() => verifyIt(replacing({ statusInfo: sequence(integer(1)) }))).toThrow(refusedAs('not-granted'));
  });
});

describe('a timestamp is read strictly', () => {
  const token = (replace: NonNullable<TimestampRecipe['replace']>) => [replacing(replace)] as const;
  const sha256 = sequence(encodeOid(OID.sha256));
  const contentType = attribute('1.2.840.113549.1.9.3', encodeOid(OID.tstInfo));
  const digest = attribute('1.2.840.113549.1.9.4', octets(sha256Of(message)));

  test.each<[string, string, readonly [Uint8Array]]>([
    ['TSTInfo version 2', 'malformed-response', token({ version: integer(2) })],
    ['a digest of the wrong length', 'malformed-response', token({ imprint: sequence(sha256, octets(message)) })],
    [
      'SHA-1',
      'unsupported-algorithm',
      token({ imprint: sequence(sequence(encodeOid('1.3.14.3.2.26')), octets(message)) }),
    ],
    [
      'an accuracy out of order',
      'malformed-response',
      token({ accuracy: sequence(encodeDer(0x81, message), encodeDer(0x80, message)) }),
    ],
    ['an unknown field', 'malformed-response', token({ afterGenTime: octets(message) })],
    [
      'ordering FALSE spelled out',
      'malformed-response',
      token({ afterGenTime: encodeDer(DER.boolean, Uint8Array.of(0)) }),
    ],
    [
      'a nonce of 33 bytes',
      'malformed-response',
      token({ afterGenTime: integer(...Array.from({ length: 33 }, () => 1)) }),
    ],
    [
      'a critical extension',
      'malformed-response',
      token({ afterGenTime: encodeDer(0xa1, extension('1.2.3', [], true)) }),
    ],
    ['the version of another signer identifier', 'malformed-response', token({ signerVersion: integer(3) })],
    ['no content type', 'malformed-response', token({ attributes: digest })],
    ['no message digest', 'malformed-response', token({ attributes: contentType })],
    ['an attribute twice', 'malformed-response', token({ attributes: concatBytes(contentType, contentType, digest) })],
    [
      'an attribute with two values',
      'malformed-response',
      token({
        attributes: concatBytes(
          attribute('1.2.840.113549.1.9.3', encodeOid(OID.tstInfo), encodeOid(OID.tstInfo)),
          digest,
        ),
      }),
    ],
    [
      'another hash than its signature’s',
      'unsupported-algorithm',
      token({ digestAlgorithm: sequence(encodeOid(OID.sha384)) }),
    ],
    [
      'a signature with SHA-1',
      'unsupported-algorithm',
      token({ signatureAlgorithm: sequence(encodeOid('1.2.840.10045.4.1')) }),
    ],
    ['no signer', 'malformed-response', token({ signers: set() })],
    ['revocation lists', 'malformed-response', token({ signers: concatBytes(encodeDer(0xa1), set(sequence())) })],
    ['two signers', 'malformed-response', token({ signers: set(sequence(), sequence()) })],
    [
      'a failure beside granted',
      'malformed-response',
      token({ statusInfo: sequence(integer(0), encodeDer(DER.bitString, Uint8Array.of(5, 0x20))) }),
    ],
    ['no token', 'malformed-response', [sequence(sequence(integer(0)))]],
    ['nine certificates', 'malformed-response', [make({ certificates: Array.from({ length: 9 }, () => tsa.der) })]],
    ['something else for a certificate', 'malformed-response', [make({ certificates: [encodeDer(0xa1)] })]],
    ['a UTCTime', 'malformed-response', [make({ genTime: '260601120000Z' })]],
    ['a genTime with trailing zeros', 'malformed-response', [make({ genTime: '20260601120000.50Z' })]],
    ['too many bytes', 'malformed-response', [new Uint8Array(TIMESTAMP_RESPONSE_MAX_BYTES + 1)]],
  ])('with %s it is refused as %s', (_, code, [response]) => {
    expect(() => parseTimestampResponse(response)).toThrow(refusedAs(code));
  });

  test('extensions that are not critical are passed over', () => {
    const afterGenTime = encodeDer(0xa1, extension('1.2.3', []));
    expect(() => verifyIt(replacing({ afterGenTime }))).not.toThrow();
  });
});
