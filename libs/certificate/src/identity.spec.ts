import { describe, expect, test } from '@jest/globals';
import { DER, encodeDer, encodeOid, utf8Encode } from '#libs/crypto';
import { extension, makeCertificate } from '../../../test/certificates.js';
import { conformanceCases } from '../../../test/sigstore-vectors.js';
import { parseCertificate } from './certificate.js';
import { CLAIM_EXTENSIONS, EXTENSION, USERNAME_OID } from './extension-oids.js';
import { identityOf } from './identity.js';

const refusedAs = (code: string) => expect.objectContaining({ name: 'CertificateError', code });
const identity = (...extensions: Uint8Array[]) => identityOf(parseCertificate(makeCertificate({ extensions }).der));
const subjectAltName = (...names: Uint8Array[]) =>
  extension(EXTENSION.subjectAltName, encodeDer(DER.sequence, ...names), true);
const email = (address: string) => encodeDer(0x81, utf8Encode(address));
const utf8 = (text: string) => encodeDer(DER.utf8String, utf8Encode(text));
const ann = subjectAltName(email('ann@example.org'));
const issuer = extension(EXTENSION.issuerV2, utf8('https://issuer.example'));

describe('who a certificate was issued to', () => {
  test('an email', () => {
    expect(identity(ann, issuer).subject).toEqual({ type: 'email', value: 'ann@example.org' });
  });

  test('a URI', () => {
    const uri = encodeDer(0x86, utf8Encode('https://ci.example/job'));
    expect(identity(subjectAltName(uri), issuer).subject).toEqual({ type: 'uri', value: 'https://ci.example/job' });
  });

  test('a username', () => {
    const username = encodeDer(0xa0, encodeOid(USERNAME_OID), encodeDer(0xa0, utf8('ann!example.org')));
    expect(identity(subjectAltName(username), issuer).subject).toEqual({ type: 'username', value: 'ann!example.org' });
  });

  test('a username that is no UTF8String is refused', () => {
    const username = encodeDer(
      0xa0,
      encodeOid(USERNAME_OID),
      encodeDer(0xa0, encodeDer(DER.ia5String, utf8Encode('ann'))),
    );
    expect(() => identity(subjectAltName(username), issuer)).toThrow(refusedAs('malformed-certificate'));
  });

  test.each([
    ['no name', [issuer]],
    ['two names', [subjectAltName(email('a@example.org'), email('b@example.org')), issuer]],
    ['a host name', [subjectAltName(encodeDer(0x82, utf8Encode('example.org'))), issuer]],
    ['another otherName', [subjectAltName(encodeDer(0xa0, encodeOid('1.2.3'), encodeDer(0xa0, utf8('ann')))), issuer]],
    ['no issuer', [ann]],
  ])('%s is no identity', (_, extensions) => {
    expect(() => identity(...extensions)).toThrow(refusedAs('no-identity'));
  });
});

describe('the issuer', () => {
  const v1 = extension(EXTENSION.issuerV1, utf8Encode('https://old.example'));

  test('is what extension .8 says', () => {
    expect(identity(ann, v1, issuer).issuer).toBe('https://issuer.example');
  });

  test('is what extension .1 says where there is no .8', () => {
    expect(identity(ann, v1).issuer).toBe('https://old.example');
  });

  test.each([
    ['without DER', utf8Encode('https://issuer.example')],
    ['as an IA5String', encodeDer(DER.ia5String, utf8Encode('https://issuer.example'))],
    ['in Latin-1', encodeDer(DER.utf8String, Uint8Array.of(0xe9))],
  ])('in extension .8 %s is refused', (_, value) => {
    expect(() => identity(ann, extension(EXTENSION.issuerV2, value))).toThrow(refusedAs('malformed-identity'));
  });
});

describe('the claims', () => {
  test('come out under their names, each in its encoding', () => {
    const extensions = CLAIM_EXTENSIONS.map(({ oid, name, encoding }) =>
      extension(oid, encoding === 'raw' ? utf8Encode(name) : utf8(name)),
    );
    const names = CLAIM_EXTENSIONS.map(({ name }) => [name, name]);
    expect(names).toHaveLength(21);
    expect(identity(ann, issuer, ...extensions).claims).toEqual(Object.fromEntries(names));
  });

  test('that are not UTF-8 are refused', () => {
    const claim = extension(EXTENSION.githubWorkflowRef, [0xff]);
    expect(() => identity(ann, issuer, claim)).toThrow(refusedAs('malformed-identity'));
  });
});

// Source: sigstore/sigstore-conformance, bundle-verify/rekor2-happy-path.
const happyPath = conformanceCases()?.find(({ name }) => name === 'rekor2-happy-path')?.leaf;

(happyPath ? test : test.skip)('a real GitHub workflow certificate names its workflow', () => {
  const { subject, issuer: real, claims } = identityOf(parseCertificate(happyPath ?? new Uint8Array()));
  expect(subject).toEqual({
    type: 'uri',
    value:
      'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main',
  });
  expect(real).toBe('https://token.actions.githubusercontent.com');
  expect(claims).toMatchObject({
    githubWorkflowRepository: 'sigstore-conformance/extremely-dangerous-public-oidc-beacon',
    sourceRepositoryUri: 'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon',
    runnerEnvironment: 'github-hosted',
    sourceRepositoryVisibility: 'public',
  });
});
