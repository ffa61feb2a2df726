import { parseCertificate, type Certificate } from '#libs/certificate';
import { createIntermediateCertificate, createRootCertificate, createTsaCertificate } from '#libs/issuing';
import { generateSigner, type Signer } from '#libs/signer';

export interface CertifiedKey {
  readonly signer: Signer;
  readonly certificate: Certificate;
}

export interface Authorities {
  readonly caRoot: CertifiedKey;
  readonly ca: CertifiedKey;
  readonly tsaRoot: CertifiedKey;
  readonly tsa: CertifiedKey;
}

/** A CA and a timestamp authority, each under a root of its own, valid throughout 2026. */
export async function makeAuthorities(): Promise<Authorities> {
  const validity = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2026-12-31T23:59:59Z') };
  const named = (commonName: string) => ({ subject: { organization: 'Tests', commonName }, ...validity });

  const rootOf = async (signer: Signer): Promise<CertifiedKey> => {
    return { signer, certificate: parseCertificate(await createRootCertificate({ ...named(signer.role), signer })) };
  };
  const [caRoot, tsaRoot] = [
    await rootOf(generateSigner('ca-root', 'ecdsa-p384')),
    await rootOf(generateSigner('tsa-root', 'ecdsa-p384')),
  ];
  const [caSigner, tsaSigner] = [generateSigner('ca', 'ecdsa-p384'), generateSigner('tsa', 'ecdsa-p256')];
  const ca = await createIntermediateCertificate({ ...named('ca'), publicKey: caSigner.publicKey, issuer: caRoot });
  const tsa = await createTsaCertificate({ ...named('tsa'), publicKey: tsaSigner.publicKey, issuer: tsaRoot });
  return {
    caRoot,
    ca: { signer: caSigner, certificate: parseCertificate(ca) },
    tsaRoot,
    tsa: { signer: tsaSigner, certificate: parseCertificate(tsa) },
  };
}
