import { describe, expect, test } from '@jest/globals';
import { type Certificate, parseCertificate } from '#libs/certificate';
import { encodePem } from '#libs/crypto';
import { createIntermediateCertificate, createRootCertificate } from '#libs/issuing';
import { generateSigner } from '#libs/signer';
import { parseCaChain, requireProductionChain } from './certificate-chain.js';

const validity = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2036-01-01T00:00:00Z') };
const rootSigner = generateSigner('ca-root', 'ecdsa-p256');
const signer = generateSigner('ca', 'ecdsa-p256');
const subject = (commonName: string) => ({ organization: 'example', commonName });
const pem = (...chain: Certificate[]): string => chain.map(({ raw }) => encodePem('CERTIFICATE', raw)).join('');

async function root(commonName = 'root', by = rootSigner): Promise<Certificate> {
  return parseCertificate(await createRootCertificate({ subject: subject(commonName), signer: by, ...validity }));
}

async function intermediate(issuer: Certificate, commonName = 'ca', by = rootSigner): Promise<Certificate> {
  const fields = { subject: subject(commonName), publicKey: signer.publicKey, ...validity };
  return parseCertificate(
    await createIntermediateCertificate({ ...fields, issuer: { certificate: issuer, signer: by } }),
  );
}

describe('the chain of a CA', () => {
  test('is read, the certificate of the key first', async () => {
    const top = await root();
    const issuing = await intermediate(top);
    expect(parseCaChain(pem(issuing, top), signer.publicKey)).toEqual([issuing, top]);
    expect(parseCaChain(pem(top), rootSigner.publicKey)).toEqual([top]);
  });

  test('of another key is refused', async () => {
    const top = await root();
    const issuing = await intermediate(top);
    expect(() => parseCaChain(pem(issuing, top), rootSigner.publicKey)).toThrow(
      expect.objectContaining({ code: 'wrong-key' }),
    );
  });

  test.each<[string, (top: Certificate, issuing: Certificate) => Promise<Certificate[]>]>([
    ['without its root', async (_top, issuing) => [issuing]],
    [
      'with another root of that name',
      async (_top, issuing) => [issuing, await root('root', generateSigner('ca-root', 'ecdsa-p256'))],
    ],
    ['with another root of that key', async (_top, issuing) => [issuing, await root('other')]],
  ])('%s is refused', async (_what, change) => {
    const top = await root();
    const chain = await change(top, await intermediate(top));
    expect(() => parseCaChain(pem(...chain), signer.publicKey)).toThrow(
      expect.objectContaining({ code: 'broken-chain' }),
    );
  });

  test.each(['', 'hello', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
    'that reads %j is refused',
    (text) => {
      expect(() => parseCaChain(text, signer.publicKey)).toThrow(expect.objectContaining({ code: 'malformed-chain' }));
    },
  );

  test('with a development name is refused in production', async () => {
    const top = await root('ca-x7f3.tally.localhost');
    const issuing = await intermediate(top);
    expect(() => requireProductionChain([issuing, top])).toThrow(
      expect.objectContaining({ code: 'development-certificate' }),
    );
    expect(() => requireProductionChain([issuing])).not.toThrow();
  });
});
