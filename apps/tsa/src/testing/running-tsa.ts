import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificate, parseCertificate } from '#libs/certificate';
import { encodePem } from '#libs/crypto';
import { createRootCertificate, createTsaCertificate } from '#libs/issuing';
import { createLogger, type RunningService, startService } from '#libs/server';
import { generateSigner, openKeyFile } from '#libs/signer';
import { parseTimestampResponse, type TimestampAuthority, type TimestampToken } from '#libs/timestamp';
import type { TsaConfig } from '../config.js';
import { tsaService } from '../tsa.module.js';

export const DAY_MS = 86_400_000;

/** A timestamp authority as an operator sets it up, in a directory of its own. */
export interface TsaDeployment {
  readonly config: TsaConfig;
  /** What a verifier trusts. */
  readonly authorities: readonly TimestampAuthority[];
  path(name: string): string;
  start(change?: Partial<TsaConfig>): Promise<RunningService>;
  remove(): Promise<void>;
}

export async function deployTsa(): Promise<TsaDeployment> {
  const directory = await mkdtemp(join(tmpdir(), 'tally-tsa-'));
  const path = (name: string): string => join(directory, name);
  const config: TsaConfig = {
    profile: 'production',
    host: '127.0.0.1',
    port: 0,
    keyFile: path('tsa.pem'),
    keyAlgorithm: 'ecdsa-p256',
    certificateChainFile: path('chain.pem'),
    policy: '1.3.6.1.4.1.57264.2',
  };
  const chain = await createChain(config);
  return {
    config,
    authorities: [{ chain, validFor: { start: new Date(0) } }],
    path,
    start: (change) =>
      startService(tsaService({ ...config, ...change }), createLogger('tsa', { write: () => undefined })),
    remove: () => rm(directory, { recursive: true }),
  };
}

/** A key and its chain, in the files that the settings name. */
export async function createChain(
  { keyFile, certificateChainFile, profile }: TsaConfig,
  commonName = 'tsa',
  validForMs = 365 * DAY_MS,
): Promise<Certificate[]> {
  const signer = await openKeyFile(keyFile, { role: 'tsa', algorithm: 'ecdsa-p256', profile, create: true });
  const rootSigner = generateSigner('tsa-root', 'ecdsa-p256');
  const now = Math.floor(Date.now() / 1000) * 1000; // certificates have whole seconds
  const validity = { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + validForMs) };
  const subject = (name: string) => ({ organization: 'Tallystick test', commonName: name });
  const root = await createRootCertificate({ subject: subject('tsa root'), signer: rootSigner, ...validity });
  const issuer = { certificate: parseCertificate(root), signer: rootSigner };
  const { publicKey } = signer;
  const leaf = await createTsaCertificate({ subject: subject(commonName), publicKey, issuer, ...validity });
  await writeFile(certificateChainFile, [leaf, root].map((der) => encodePem('CERTIFICATE', der)).join(''));
  return [parseCertificate(leaf), issuer.certificate];
}

/** The timestamp in an answer. @throws when there is none */
export async function granted(answer: Response): Promise<{ der: Uint8Array; token: TimestampToken }> {
  const type = answer.headers.get('content-type');
  if (answer.status !== 200 || type !== 'application/timestamp-reply') {
    throw new Error(`${answer.status} ${type}: ${await answer.text()}`);
  }
  const der = new Uint8Array(await answer.arrayBuffer());
  const response = parseTimestampResponse(der);
  if (response.status !== 'granted') throw new Error(response.text);
  return { der, token: response.token };
}
