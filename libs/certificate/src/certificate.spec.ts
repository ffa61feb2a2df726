import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { DER, derSequence, encodeDer, encodeOid, utf8Encode } from '#libs/crypto';
import { toHex } from '#crypto';
import { extension, makeCertificate, utcTime, type CertificateRecipe } from '../../../test/certificates.js';
import { conformanceCases } from '../../../test/sigstore-vectors.js';
import { CERTIFICATE_MAX_BYTES, parseCertificate } from './certificate.js';

const refusedAs = (code: string) => expect.objectContaining({ name: 'CertificateError', code });
const skiExtension = extension('2.5.29.14', [0x04, 0x01, 0x07]);
const parse = (recipe: CertificateRecipe) =>
  parseCertificate(makeCertificate({ extensions: [skiExtension], ...recipe }).der);
const integer = (...bytes: number[]) => encodeDer(DER.integer, Uint8Array.from(bytes));

describe('a certificate is read strictly', () => {
  test('the factory makes one that is read', () => {
    expect(parse({}).subjectKeyId).toEqual(Uint8Array.of(7));
  });

  test.each<[string, CertificateRecipe]>([
    ['version 1', { extensions: [], replace: { version: new Uint8Array() } }],
    ['version 2', { replace: { version: encodeDer(0xa0, integer(1)) } }],
    ['a negative serial number', { replace: { serialNumber: integer(0x80) } }],
    ['a serial number of 21 bytes', { replace: { serialNumber: integer(...Array.from({ length: 21 }, () => 1)) } }],
    [
      'another algorithm in the TBS',
      { replace: { tbsAlgorithm: encodeDer(DER.sequence, encodeOid('1.2.840.10045.4.3.3')) } },
    ],
    ['no extensions', { extensions: [] }],
    ['an extension twice', { extensions: [skiExtension, skiExtension] }],
    ['65 extensions', { extensions: Array.from({ length: 65 }, (_, i) => extension(`1.2.3.${i}`, [])) }],
    ['something behind the extensions', { append: encodeDer(DER.null) }],
    [
      'critical FALSE spelled out',
      {
        extensions: [
          encodeDer(
            DER.sequence,
            encodeOid('1.2.3'),
            encodeDer(DER.boolean, Uint8Array.of(0)),
            encodeDer(DER.octetString),
          ),
        ],
      },
    ],
    [
      'a UTCTime without seconds',
      {
        replace: {
          validity: encodeDer(DER.sequence, encodeDer(DER.utcTime, utf8Encode('2601010000Z')), utcTime(new Date())),
        },
      },
    ],
    [
      'a UTCTime with an offset',
      {
        replace: {
          validity: encodeDer(
            DER.sequence,
            encodeDer(DER.utcTime, utf8Encode('260101000000+0100')),
            utcTime(new Date()),
          ),
        },
      },
    ],
    [
      'a GeneralizedTime before 2050',
      {
        replace: {
          validity: encodeDer(
            DER.sequence,
            utcTime(new Date()),
            encodeDer(DER.generalizedTime, utf8Encode('20491231235959Z')),
          ),
        },
      },
    ],
    [
      'a GeneralizedTime with a fraction',
      {
        replace: {
          validity: encodeDer(
            DER.sequence,
            utcTime(new Date()),
            encodeDer(DER.generalizedTime, utf8Encode('20501231235959.0001Z')),
          ),
        },
      },
    ],
    ['basic constraints with cA FALSE spelled out', { extensions: [extension('2.5.29.19', [0x30, 3, 1, 1, 0])] }],
    ['a negative path length', { extensions: [extension('2.5.29.19', [0x30, 6, 1, 1, 0xff, 2, 1, 0xff])] }],
    ['a key usage that ends in a zero bit', { extensions: [extension('2.5.29.15', [3, 2, 0, 0x80])] }],
    ['an empty key usage', { extensions: [extension('2.5.29.15', [3, 1, 0])] }],
    ['an empty extended key usage', { extensions: [extension('2.5.29.37', [0x30, 0])] }],
    ['an empty subject alternative name', { extensions: [extension('2.5.29.17', [0x30, 0])] }],
    ['an email outside ASCII', { extensions: [extension('2.5.29.17', [0x30, 3, 0x81, 1, 0xe9])] }],
  ])('%s is refused', (_, recipe) => {
    expect(() => parse(recipe)).toThrow(refusedAs('malformed-certificate'));
  });

  test('a signature algorithm with SHA-1 is unsupported', () => {
    const sha1 = encodeDer(DER.sequence, encodeOid('1.2.840.113549.1.1.5'), encodeDer(DER.null));
    const signature = encodeDer(DER.bitString, Uint8Array.of(0, 1));
    const [tbs] = derSequence(makeCertificate({ extensions: [skiExtension], replace: { tbsAlgorithm: sha1 } }).der);
    expect(() => parseCertificate(encodeDer(DER.sequence, tbs?.raw ?? new Uint8Array(), sha1, signature))).toThrow(
      refusedAs('unsupported-algorithm'),
    );
  });

  test('a key on another curve is unsupported', () => {
    const secp256k1 = encodeDer(DER.sequence, encodeOid('1.2.840.10045.2.1'), encodeOid('1.3.132.0.10'));
    const publicKey = encodeDer(DER.sequence, secp256k1, encodeDer(DER.bitString, Uint8Array.of(0, 4)));
    expect(() => parse({ replace: { publicKey } })).toThrow(refusedAs('unsupported-algorithm'));
  });

  test('a byte behind the certificate is refused', () => {
    const { der } = makeCertificate({ extensions: [skiExtension] });
    expect(() => parseCertificate(Uint8Array.of(...der, 0))).toThrow(refusedAs('malformed-certificate'));
  });

  test('more bytes than the limit are refused', () => {
    expect(() => parseCertificate(new Uint8Array(CERTIFICATE_MAX_BYTES + 1))).toThrow(
      refusedAs('malformed-certificate'),
    );
  });
});

// Source: the bundles and trusted roots of sigstore/sigstore-conformance.
const cases = conformanceCases();

(cases ? describe : describe.skip)('certificates of real deployments', () => {
  const ders = new Map<string, Uint8Array>();
  for (const { leaf, trustedRoot } of cases ?? []) {
    if (leaf) ders.set(toHex(leaf), leaf);
    for (const authority of [...trustedRoot.certificateAuthorities, ...(trustedRoot.timestampAuthorities ?? [])]) {
      for (const { rawBytes } of authority.certChain.certificates) {
        const der = new Uint8Array(Buffer.from(rawBytes, 'base64'));
        ders.set(toHex(der), der);
      }
    }
  }

  test('they all read as node:crypto reads them', () => {
    expect(ders.size).toBeGreaterThan(40);
    for (const der of ders.values()) {
      const ours = parseCertificate(der);
      const theirs = new X509Certificate(der);
      expect({
        serialNumber: BigInt(`0x${toHex(ours.serialNumber)}`),
        notBefore: ours.notBefore.getTime(),
        notAfter: ours.notAfter.getTime(),
        isCa: ours.isCa,
        publicKey: toHex(ours.publicKey.spki),
        usages: ours.extendedKeyUsage,
      }).toEqual({
        serialNumber: BigInt(`0x${theirs.serialNumber}`),
        notBefore: Date.parse(theirs.validFrom),
        notAfter: Date.parse(theirs.validTo),
        isCa: theirs.ca,
        publicKey: theirs.publicKey.export({ type: 'spki', format: 'der' }).toString('hex'),
        usages: theirs.keyUsage ?? [],
      });
    }
  });
});
