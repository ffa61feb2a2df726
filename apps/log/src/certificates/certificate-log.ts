import { readFile } from 'node:fs/promises';
import { parseCertificate, type Certificate } from '#libs/certificate';
import { decodePem } from '#libs/crypto';
import type { Signer } from '#libs/signer';
import type { Log } from '../log.js';
import type { PreChain } from './pre-chain.js';

/** What a certificate log has beside the engine: the key that signs SCTs, and the roots that it accepts. */
export class CertificateLog {
  constructor(
    readonly log: Log<PreChain>,
    readonly signer: Signer,
    readonly roots: readonly Certificate[],
  ) {}
}

/** @throws CertificateError, BytesError */
export async function readRoots(path: string): Promise<Certificate[]> {
  return decodePem(await readFile(path, 'utf8'), 'CERTIFICATE').map((der) => parseCertificate(der));
}
