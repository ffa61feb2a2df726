import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCertificate } from '#libs/certificate';
import { encodePem } from '#libs/crypto';
import { createIntermediateCertificate, createRootCertificate } from '#libs/issuing';
import { createLogger, type RunningService, startService } from '#libs/server';
import { generateSigner, openKeyFile } from '#libs/signer';
import { caService } from '../ca.module.js';
import type { CaConfig } from '../config.js';
import { type CtLogServer, startCtLogServer } from './ct-log-server.js';
import { type OidcIssuer, startOidcIssuer } from './oidc-issuer.js';

const DAY_MS = 86_400_000;

/** A CA as an operator sets it up, with everything that it talks to. */
export interface CaDeployment {
  readonly directory: string;
  readonly config: CaConfig;
  readonly issuer: OidcIssuer;
  readonly ctLog: CtLogServer;
  readonly logLines: readonly string[];
  start(change?: Partial<CaConfig>): Promise<RunningService>;
  remove(): Promise<void>;
}

/** `issuerEntry` says what the issuer is to the CA, as in the issuers file. */
export async function deployCa(issuerEntry: object, validForMs = 365 * DAY_MS): Promise<CaDeployment> {
  const directory = await mkdtemp(join(tmpdir(), 'tally-ca-'));
  const [issuer, ctLog] = await Promise.all([startOidcIssuer(), startCtLogServer()]);
  const path = (name: string): string => join(directory, name);

  const signer = await openKeyFile(path('ca.pem'), {
    role: 'ca',
    algorithm: 'ecdsa-p256',
    profile: 'production',
    create: true,
  });
  const rootSigner = generateSigner('ca-root', 'ecdsa-p384');
  const now = Math.floor(Date.now() / 1000) * 1000; // certificates have whole seconds
  const validity = { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + validForMs) };
  const organization = 'Tallystick test';
  const root = await createRootCertificate({
    subject: { organization, commonName: 'root' },
    signer: rootSigner,
    ...validity,
  });
  const intermediate = await createIntermediateCertificate({
    subject: { organization, commonName: 'ca' },
    publicKey: signer.publicKey,
    issuer: { certificate: parseCertificate(root), signer: rootSigner },
    ...validity,
  });
  await writeFile(path('chain.pem'), [intermediate, root].map((der) => encodePem('CERTIFICATE', der)).join(''));
  await writeFile(path('ct-log.pub'), encodePem('PUBLIC KEY', ctLog.signer.publicKey.spki));
  await writeFile(path('issuers.json'), JSON.stringify({ 'oidc-issuers': { [issuer.url]: issuerEntry } }));

  const config: CaConfig = {
    profile: 'development',
    host: '127.0.0.1',
    port: 0,
    keyFile: path('ca.pem'),
    keyAlgorithm: 'ecdsa-p256',
    certificateChainFile: path('chain.pem'),
    issuersFile: path('issuers.json'),
    ctLogUrl: ctLog.url,
    ctLogPublicKeyFile: path('ct-log.pub'),
    dataDirectory: path('data'),
  };
  const logLines: string[] = [];
  const logger = createLogger('ca', { write: (line: string) => void logLines.push(line) });
  return {
    directory,
    config,
    issuer,
    ctLog,
    logLines,
    start: (change) => startService(caService({ ...config, ...change }), logger),
    async remove() {
      await Promise.all([issuer.close(), ctLog.close()]);
      await rm(directory, { recursive: true });
    },
  };
}
