import { beforeAll, describe, expect, test } from '@jest/globals';
import { EXTENDED_KEY_USAGE, EXTENSION, parseCertificate, verifyChain, type Certificate } from '#libs/certificate';
import { encodePem } from '#libs/crypto';
import { generateSigner, Signer } from '#libs/signer';
import { makeAuthorities, type Authorities } from '../../../test/authorities.js';
import { hasOpenssl, openssl } from '../../../test/openssl.js';
import { createIntermediateCertificate, createRootCertificate, createTsaCertificate } from './authority-certificate.js';

const refusedAs = (code: string) => expect.objectContaining({ name: 'IssuingError', code });
const subject = { organization: 'Tests', commonName: 'refused' };
const validity = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2026-02-01T00:00:00Z') };
const at = new Date('2026-06-01T00:00:00Z');
const pem = ({ raw }: Certificate) => encodePem('CERTIFICATE', raw);

let authorities: Authorities;
beforeAll(async () => {
  authorities = await makeAuthorities();
});

const profile = ({ extensions }: Certificate) => extensions.map(({ oid, critical }) => [oid, critical]);

describe('the certificates of authorities', () => {
  test('a root has a critical key usage and basic constraints, and no purpose', () => {
    const { certificate } = authorities.caRoot;
    expect(profile(certificate)).toEqual([
      [EXTENSION.keyUsage, true],
      [EXTENSION.basicConstraints, true],
      [EXTENSION.subjectKeyIdentifier, false],
    ]);
    expect(certificate).toMatchObject({ isCa: true, extendedKeyUsage: [] });
    expect(certificate.pathLength).toBeUndefined();
    expect([...(certificate.keyUsage ?? [])]).toEqual(['keyCertSign', 'cRLSign']);
  });

  test('an intermediate issues for code signing, and no CAs', () => {
    const { certificate } = authorities.ca;
    expect(profile(certificate)).toEqual([
      [EXTENSION.keyUsage, true],
      [EXTENSION.extendedKeyUsage, false],
      [EXTENSION.basicConstraints, true],
      [EXTENSION.subjectKeyIdentifier, false],
      [EXTENSION.authorityKeyIdentifier, false],
    ]);
    expect(certificate).toMatchObject({
      isCa: true,
      pathLength: 0,
      extendedKeyUsage: [EXTENDED_KEY_USAGE.codeSigning],
      authorityKeyId: authorities.caRoot.certificate.subjectKeyId,
    });
    expect([...(certificate.keyUsage ?? [])]).toEqual(['keyCertSign', 'cRLSign']);
  });

  test('a timestamp authority signs, for timestamps only, critically', () => {
    const { certificate } = authorities.tsa;
    expect(profile(certificate)).toEqual([
      [EXTENSION.keyUsage, true],
      [EXTENSION.subjectKeyIdentifier, false],
      [EXTENSION.authorityKeyIdentifier, false],
      [EXTENSION.extendedKeyUsage, true],
    ]);
    expect(certificate).toMatchObject({ isCa: false, extendedKeyUsage: [EXTENDED_KEY_USAGE.timeStamping] });
    expect([...(certificate.keyUsage ?? [])]).toEqual(['digitalSignature']);
  });

  test('the chain of the timestamp authority verifies', () => {
    const { tsa, tsaRoot } = authorities;
    const chain = [tsaRoot.certificate];
    expect(() =>
      verifyChain({ leaf: tsa.certificate, chain, at, extendedKeyUsage: EXTENDED_KEY_USAGE.timeStamping }),
    ).not.toThrow();
  });

  test('a certificate may end in the same part of a second as its issuer', async () => {
    const signer = generateSigner('tsa-root', 'ecdsa-p256');
    const period = { ...validity, notAfter: new Date('2026-02-01T00:00:00.999Z') };
    const certificate = parseCertificate(await createRootCertificate({ subject, signer, ...period }));
    const { publicKey } = authorities.tsa.signer;
    const issued = await createTsaCertificate({ subject, publicKey, issuer: { signer, certificate }, ...period });
    expect(parseCertificate(issued).notAfter).toEqual(certificate.notAfter);
  });

  test('a validity from 2050 on is a GeneralizedTime', async () => {
    const signer = generateSigner('ca-root', 'ecdsa-p256');
    const notAfter = new Date('2050-01-01T00:00:00Z');
    const root = parseCertificate(await createRootCertificate({ subject, signer, ...validity, notAfter }));
    expect(root.notAfter).toEqual(notAfter);
  });

  (hasOpenssl ? test : test.skip)('openssl verifies both chains', () => {
    const { ca, caRoot, tsa, tsaRoot } = authorities;
    const files = {
      'root.pem': pem(caRoot.certificate),
      'ca.pem': pem(ca.certificate),
      'tsa-root.pem': pem(tsaRoot.certificate),
      'tsa.pem': pem(tsa.certificate),
    };
    const verify = (...args: string[]) =>
      openssl(files, 'verify', '-x509_strict', '-attime', String(at.getTime() / 1000), ...args);
    expect(verify('-CAfile', 'root.pem', 'ca.pem')).toMatchObject({ status: 0, output: 'ca.pem: OK\n' });
    expect(verify('-CAfile', 'tsa-root.pem', '-purpose', 'timestampsign', 'tsa.pem')).toMatchObject({ status: 0 });
  });
});

describe('nothing is signed', () => {
  test('with another key than the issuing certificate’s', async () => {
    const issuer = { certificate: authorities.caRoot.certificate, signer: generateSigner('ca-root', 'ecdsa-p384') };
    const { publicKey } = authorities.ca.signer;
    await expect(createIntermediateCertificate({ subject, publicKey, issuer, ...validity })).rejects.toThrow(
      refusedAs('wrong-key'),
    );
  });

  test.each([
    ['before it', { ...validity, notBefore: new Date('2025-12-31T23:59:59Z') }],
    ['after it', { ...validity, notAfter: new Date('2027-01-01T00:00:00Z') }],
    ['backwards', { notBefore: validity.notAfter, notAfter: validity.notBefore }],
  ])('outside the validity of the issuing certificate: %s', async (_, period) => {
    const { publicKey } = authorities.tsa.signer;
    await expect(createTsaCertificate({ subject, publicKey, issuer: authorities.tsaRoot, ...period })).rejects.toThrow(
      refusedAs('outside-validity'),
    );
  });

  test('with Ed25519', async () => {
    const signer = generateSigner('ca-root', 'ed25519');
    await expect(createRootCertificate({ subject, signer, ...validity })).rejects.toThrow(
      refusedAs('unsupported-algorithm'),
    );
  });

  test('under an issuer without a key identifier', async () => {
    const { signer, certificate } = authorities.tsaRoot;
    const { subjectKeyId: _, ...unnamed } = certificate;
    const issuer = { signer, certificate: unnamed };
    const { publicKey } = authorities.tsa.signer;
    await expect(createTsaCertificate({ subject, publicKey, issuer, ...validity })).rejects.toThrow(
      refusedAs('no-key-identifier'),
    );
  });

  test('by a signer that makes faulty signatures', async () => {
    const { role, scheme, publicKey } = generateSigner('ca-root', 'ecdsa-p256');
    class FaultySigner extends Signer {
      readonly role = role;
      readonly scheme = scheme;
      readonly publicKey = publicKey;
      readonly development = true;
      readonly sign = async () => Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1);
    }
    const signer = new FaultySigner();
    await expect(createRootCertificate({ subject, signer, ...validity })).rejects.toThrow(
      refusedAs('invalid-signature'),
    );
  });
});
