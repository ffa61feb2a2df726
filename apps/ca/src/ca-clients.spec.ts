import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { FulcioSigner } from '@sigstore/sign';
import { EXTENSION, identityOf, parseCertificate } from '#libs/certificate';
import { fetchTrustBundle, requestCertificate } from '#libs/client';
import { decodePem } from '#libs/crypto';
import { GITHUB_CLAIMS, GITLAB_CLAIMS } from './testing/ci-claims.js';
import { deployCa } from './testing/running-ca.js';

/** What @sigstore/sign gets from a CA that trusts an issuer of this type, for a token with these claims. */
async function signWithSigstore(issuerEntry: object, claims: object) {
  const deployment = await deployCa(issuerEntry);
  const ca = await deployment.start();
  try {
    const signer = new FulcioSigner({
      fulcioBaseURL: ca.url,
      identityProvider: { getToken: () => deployment.issuer.token({ ...claims }) },
      retry: false,
    });
    const { signature, key } = await signer.sign(Buffer.from('an artifact'));
    if (key.$case !== 'x509Certificate') throw new Error('no certificate');
    const [der = new Uint8Array()] = decodePem(key.certificate, 'CERTIFICATE');
    const certificate = parseCertificate(der);
    const publicKey = createPublicKey({ key: Buffer.from(certificate.publicKey.spki), format: 'der', type: 'spki' });
    expect(verify('sha256', Buffer.from('an artifact'), publicKey, signature)).toBe(true);
    return { certificate, identity: identityOf(certificate), issuer: deployment.issuer.url };
  } finally {
    await ca.close();
    await deployment.remove();
  }
}

describe('@sigstore/sign gets a certificate', () => {
  test('for an e-mail address', async () => {
    const claims = { sub: 'x', email: 'you@example.org', email_verified: true };
    const { identity, issuer } = await signWithSigstore({ type: 'email' }, claims);
    expect(identity).toMatchObject({ subject: { type: 'email', value: 'you@example.org' }, issuer });
  });

  test('for a GitHub workflow, with every extension', async () => {
    const entry = { type: 'ci-provider', 'ci-provider': 'github-workflow' };
    const { identity, certificate } = await signWithSigstore(entry, GITHUB_CLAIMS);
    expect(identity.subject).toEqual({
      type: 'uri',
      value: 'https://github.com/octo/builder/.github/workflows/build.yml@refs/tags/v2',
    });
    expect(Object.keys(identity.claims)).toHaveLength(21);
    const arc = EXTENSION.issuerV1.slice(0, -1);
    const numbers = certificate.extensions
      .filter(({ oid }) => oid.startsWith(arc))
      .map(({ oid }) => oid.slice(arc.length));
    // Fulcio's oid-info.md: all of .1 to .24 but .7, which is a name type.
    expect(numbers.join()).toBe('1,2,3,4,5,6,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24');
  });

  test('for a GitLab pipeline, with every extension that it has', async () => {
    // The token has no claim "email", so @sigstore/sign proves possession over its subject.
    const entry = { type: 'ci-provider', 'ci-provider': 'gitlab-pipeline' };
    const { identity } = await signWithSigstore(entry, GITLAB_CLAIMS);
    expect(identity.subject.value).toBe('https://gitlab.com/group/tool//.gitlab-ci.yml@refs/heads/main');
    expect(Object.keys(identity.claims)).toHaveLength(16);
  });
});

test('our own client gets a certificate for a URI, and the trust bundle', async () => {
  const entry = { type: 'uri', 'subject-domain': 'http://localhost' };
  const deployment = await deployCa(entry);
  const ca = await deployment.start();
  try {
    const sub = 'http://localhost/agents/7';
    const keys = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
    const spki = Buffer.from(await crypto.subtle.exportKey('spki', keys.publicKey)).toString('base64');
    const proof = await crypto.subtle.sign('Ed25519', keys.privateKey, Buffer.from(sub));
    const chain = await requestCertificate(ca.url, {
      identityToken: await deployment.issuer.token({ sub }),
      publicKeyPem: `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`,
      proofOfPossession: new Uint8Array(proof),
    });
    expect(identityOf(parseCertificate(chain[0] ?? new Uint8Array())).subject).toEqual({ type: 'uri', value: sub });
    expect(await fetchTrustBundle(ca.url)).toEqual([chain.slice(1)]);
  } finally {
    await ca.close();
    await deployment.remove();
  }
});
