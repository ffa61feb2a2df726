import 'reflect-metadata';
import { createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { SubjectAlternativeNameExtension, X509Certificate as PeculiarCertificate } from '@peculiar/x509';
import { X509Certificate as SigstoreCertificate } from '@sigstore/core';
import { sha256 } from '#crypto';
import {
  CLAIM_EXTENSIONS,
  encodeDigitallySigned,
  encodeSct,
  EXTENDED_KEY_USAGE,
  EXTENSION,
  identityOf,
  isPrecertificate,
  parseCertificate,
  precertTbs,
  sctSignedData,
  verifyChain,
  verifyEmbeddedSct,
  type Certificate,
  type Identity,
} from '#libs/certificate';
import { concatBytes, encodePem, u24 } from '#libs/crypto';
import { generateSigner } from '#libs/signer';
import { makeAuthorities, type Authorities } from '../../../test/authorities.js';
import { hasOpenssl, openssl } from '../../../test/openssl.js';
import { randomSerialNumber } from './serial-number.js';
import {
  createPrecertificate,
  createSigningCertificate,
  type SigningCertificateFields,
} from './signing-certificate.js';

const refusedAs = (code: string) => expect.objectContaining({ name: 'IssuingError', code });
const notBefore = new Date('2026-06-01T12:00:00Z');
const notAfter = new Date('2026-06-01T12:10:00Z');
const log = generateSigner('ct-log', 'ecdsa-p256');
const logId = sha256(log.publicKey.spki);
const { publicKey } = generateSigner('rekor-log', 'ecdsa-p256'); // a client's key

const WORKFLOW: Identity = {
  subject: { type: 'uri', value: 'https://github.com/example/tool/.github/workflows/release.yml@refs/tags/v1' },
  issuer: 'https://token.actions.githubusercontent.com',
  claims: Object.fromEntries(CLAIM_EXTENSIONS.map(({ name }) => [name, `the ${name}`])),
};

let authorities: Authorities;
beforeAll(async () => {
  authorities = await makeAuthorities();
});

function fieldsFor(identity: Identity): SigningCertificateFields {
  return { identity, publicKey, issuer: authorities.ca, notBefore, notAfter, serialNumber: randomSerialNumber() };
}

/** What a CT log answers to a precertificate. */
async function promise(precertificate: Uint8Array): Promise<Uint8Array> {
  const parts = { logId, timestampMs: BigInt(notBefore.getTime()), extensions: Uint8Array.of(0, 0, 5, 0, 0, 0, 0, 7) };
  const issuerKeyHash = sha256(authorities.ca.signer.publicKey.spki);
  const tbs = precertTbs(parseCertificate(precertificate));
  const signature = await log.sign(sctSignedData({ ...parts, issuerKeyHash, tbs }));
  return encodeSct({ ...parts, digitallySigned: encodeDigitallySigned('ecdsa-sha256', signature) });
}

async function issue(identity: Identity): Promise<Certificate> {
  const fields = fieldsFor(identity);
  const scts = [await promise(await createPrecertificate(fields))];
  return parseCertificate(await createSigningCertificate({ ...fields, scts }));
}

describe('a signing certificate', () => {
  test('has every extension of the profile in its place, the SCT list last', async () => {
    const { extensions } = await issue(WORKFLOW);
    const sigstore = [1, 2, 3, 4, 5, 6, ...Array.from({ length: 17 }, (_, i) => i + 8)];
    expect(extensions.map(({ oid }) => oid)).toEqual([
      EXTENSION.keyUsage,
      EXTENSION.extendedKeyUsage,
      EXTENSION.subjectKeyIdentifier,
      EXTENSION.authorityKeyIdentifier,
      EXTENSION.subjectAltName,
      ...sigstore.map((arc) => `1.3.6.1.4.1.57264.1.${arc}`),
      EXTENSION.sctList,
    ]);
    const critical = extensions.filter((extension) => extension.critical).map(({ oid }) => oid);
    expect(critical).toEqual([EXTENSION.keyUsage, EXTENSION.subjectAltName]);
  });

  test('names nobody in its subject, and is for signing code', async () => {
    const certificate = await issue(WORKFLOW);
    expect(certificate.subject).toEqual(Uint8Array.of(0x30, 0));
    expect(certificate).toMatchObject({ notBefore, notAfter, extendedKeyUsage: [EXTENDED_KEY_USAGE.codeSigning] });
    expect([...(certificate.keyUsage ?? [])]).toEqual(['digitalSignature']);
    expect(certificate.publicKey.spki).toEqual(publicKey.spki);
  });

  test.each<Identity>([
    WORKFLOW,
    {
      subject: { type: 'email', value: 'ann@example.org' },
      issuer: 'https://issuer.example',
      claims: { tokenSubject: 'Änn' },
    },
    { subject: { type: 'username', value: 'ann!example.org' }, issuer: 'https://issuer.example', claims: {} },
  ])('says who $subject.value is', async (identity) => {
    expect(identityOf(await issue(identity))).toEqual(identity);
  });

  test('verifies: chain and SCT', async () => {
    const leaf = await issue(WORKFLOW);
    const { ca, caRoot } = authorities;
    const chain = [ca.certificate, caRoot.certificate];
    expect(() =>
      verifyChain({ leaf, chain, at: notAfter, extendedKeyUsage: EXTENDED_KEY_USAGE.codeSigning }),
    ).not.toThrow();
    const logs = [{ logId, publicKey: log.publicKey, validFor: { start: notBefore } }];
    expect(verifyEmbeddedSct({ certificate: leaf, issuer: ca.certificate, logs }).log.logId).toEqual(logId);
  });

  test('reads the same with @peculiar/x509', async () => {
    const certificate = new PeculiarCertificate(new Uint8Array((await issue(WORKFLOW)).raw));
    expect(certificate.subject).toBe('');
    expect(certificate.issuer).toBe('O=Tests, CN=ca');
    expect(certificate.notAfter).toEqual(notAfter);
    const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.toJSON();
    expect(names).toEqual([{ type: 'url', value: WORKFLOW.subject.value }]);
    const issuer = new PeculiarCertificate(new Uint8Array(authorities.ca.certificate.raw));
    expect(await certificate.verify({ publicKey: issuer, date: new Date('2026-06-01T12:05:00Z') })).toBe(true);
  });

  test('verifies with @sigstore/core: signature, name and SCT', async () => {
    const { raw } = await issue(WORKFLOW);
    const certificate = SigstoreCertificate.parse(Buffer.from(raw));
    const issuer = SigstoreCertificate.parse(Buffer.from(authorities.ca.certificate.raw));
    expect(certificate.verify(issuer)).toBe(true);
    expect(certificate.subjectAltName).toBe(WORKFLOW.subject.value);
    expect(certificate.validForDate(notAfter)).toBe(true);
    const clone = certificate.clone();
    clone.extensions.pop();
    const tbs = new Uint8Array(clone.tbsCertificate.toDER());
    const entry = concatBytes(sha256(authorities.ca.signer.publicKey.spki), u24(tbs.length), tbs);
    const key = createPublicKey({ key: Buffer.from(log.publicKey.spki), format: 'der', type: 'spki' });
    const verdicts = certificate.extSCT?.signedCertificateTimestamps.map((sct) => sct.verify(Buffer.from(entry), key));
    expect(verdicts).toEqual([true]);
  });

  (hasOpenssl ? test : test.skip)('verifies with openssl, and its precertificate does not', async () => {
    const fields = fieldsFor(WORKFLOW);
    const precertificate = await createPrecertificate(fields);
    const leaf = await createSigningCertificate({ ...fields, scts: [await promise(precertificate)] });
    const files = {
      'root.pem': encodePem('CERTIFICATE', authorities.caRoot.certificate.raw),
      'ca.pem': encodePem('CERTIFICATE', authorities.ca.certificate.raw),
      'leaf.pem': encodePem('CERTIFICATE', leaf),
      'precertificate.pem': encodePem('CERTIFICATE', precertificate),
    };
    const chain = ['-CAfile', 'root.pem', '-untrusted', 'ca.pem', '-attime', String(notBefore.getTime() / 1000)];
    expect(openssl(files, 'verify', '-x509_strict', ...chain, 'leaf.pem')).toMatchObject({ status: 0 });
    const refused = openssl(files, 'verify', ...chain, 'precertificate.pem');
    expect(refused.output).toContain('unhandled critical extension');
    const { output } = openssl(files, 'x509', '-in', 'leaf.pem', '-noout', '-text');
    expect(output).toContain('X509v3 Subject Alternative Name: critical');
    expect(output).toContain('Signed Certificate Timestamp:');
    expect(openssl(files, 'asn1parse', '-in', 'leaf.pem').status).toBe(0);
  });
});

describe('a precertificate', () => {
  test('is the certificate to be with the poison last', async () => {
    const fields = fieldsFor(WORKFLOW);
    const precertificate = parseCertificate(await createPrecertificate(fields));
    expect(isPrecertificate(precertificate)).toBe(true);
    expect(precertificate.extensions.at(-1)?.oid).toBe(EXTENSION.poison);
    const certificate = await createSigningCertificate({ ...fields, scts: [await promise(precertificate.raw)] });
    expect(precertTbs(parseCertificate(certificate))).toEqual(precertTbs(precertificate));
  });
});

describe('nothing is signed', () => {
  const issuer = 'https://issuer.example';

  test.each([
    ['an email outside ASCII', { type: 'email', value: 'änn@example.org' }],
    ['an email with a line break', { type: 'email', value: 'ann@example.org\n' }],
    ['an empty URI', { type: 'uri', value: '' }],
  ] as const)('for %s', async (_, subject) => {
    await expect(createPrecertificate(fieldsFor({ subject, issuer, claims: {} }))).rejects.toThrow(
      refusedAs('unencodable-identity'),
    );
  });

  test('without an SCT', async () => {
    await expect(createSigningCertificate({ ...fieldsFor(WORKFLOW), scts: [] })).rejects.toThrow(refusedAs('no-sct'));
  });

  test('that outlives its CA', async () => {
    const fields = { ...fieldsFor(WORKFLOW), notAfter: new Date('2027-01-01T00:00:00Z') };
    await expect(createPrecertificate(fields)).rejects.toThrow(refusedAs('outside-validity'));
  });

  test.each([
    ['negative', Uint8Array.of(0x80, 1)],
    ['zero', Uint8Array.of(0)],
    ['not minimal', Uint8Array.of(0, 1)],
    ['too long', new Uint8Array(21).fill(1)],
    ['empty', new Uint8Array()],
  ])('with a serial number that is %s', async (_, serialNumber) => {
    await expect(createPrecertificate({ ...fieldsFor(WORKFLOW), serialNumber })).rejects.toThrow(
      refusedAs('serial-number'),
    );
  });
});

test('random serial numbers are positive and have 20 bytes', () => {
  for (let i = 0; i < 100; i++) {
    const [first = 0, ...rest] = randomSerialNumber();
    expect([first >> 6, rest.length]).toEqual([1, 19]);
  }
});
