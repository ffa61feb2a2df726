import { readFile } from 'node:fs/promises';
import { importPublicKey } from '#crypto';
import { decodePem, equalBytes } from '#libs/crypto';
import { openKeyFile } from '#libs/signer';
import type { CaConfig } from './config.js';
import { requireProductionIssuers } from './identity/issuers.js';
import { parseIssuers } from './identity/issuers-file.js';
import { CertificateAuthority } from './issuance/certificate-authority.js';
import { parseCaChain, requireProductionChain } from './issuance/certificate-chain.js';
import { CtLog } from './issuance/ct-log.js';
import type { CaMetrics } from './metrics.js';
import { TrustedIssuers } from './token/trusted-issuers.js';

/** What the settings name, opened and checked before the first request. Every error here is the operator's to mend. */
export async function openCertificateAuthority(config: CaConfig, metrics: CaMetrics): Promise<CertificateAuthority> {
  const { profile, keyFile, keyAlgorithm: algorithm, keyPassphraseFile, certificateChainFile } = config;
  const passphrase =
    keyPassphraseFile === undefined ? undefined : (await readFile(keyPassphraseFile, 'utf8')).trimEnd();
  const signer = await openKeyFile(keyFile, {
    role: 'ca',
    algorithm,
    profile,
    ...(passphrase !== undefined && { passphrase }),
  });
  const chain = parseCaChain(await readFile(certificateChainFile, 'utf8'), signer.publicKey);
  const [logKey, ...others] = decodePem(await readFile(config.ctLogPublicKeyFile, 'utf8'), 'PUBLIC KEY');
  if (!logKey || others.length > 0) throw new Error(`${config.ctLogPublicKeyFile} should hold one public key`);
  if (profile === 'production') {
    requireProductionChain(chain);
    if (equalBytes(logKey, signer.publicKey.spki)) throw new Error('the CA and the ct log have the same key');
  }
  return new CertificateAuthority(signer, chain, new CtLog(config.ctLogUrl, importPublicKey(logKey), metrics));
}

export async function openTrustedIssuers({ profile, issuersFile }: CaConfig): Promise<TrustedIssuers> {
  const issuers = parseIssuers(await readFile(issuersFile, 'utf8'));
  if (profile === 'production') requireProductionIssuers(issuers);
  return new TrustedIssuers(issuers, { allowHttp: profile === 'development' });
}
