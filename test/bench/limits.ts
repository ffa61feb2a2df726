import { generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { quantile, sample } from './figure.js';

const SAMPLES = 200;
const message = Buffer.alloc(1024, 7);

/** Median milliseconds of one append of 1 KiB that is on disk when it returns. */
export async function fsyncLimit(folder: string): Promise<number> {
  const path = join(folder, 'fsync');
  const file = await open(path, 'w');
  try {
    return quantile(
      await sample(SAMPLES, async () => {
        await file.write(message);
        await file.datasync();
      }),
      0.5,
    );
  } finally {
    await file.close();
    await rm(path);
  }
}

/** Median milliseconds of a POST of 1 KiB to a server on this machine that does nothing. */
export async function roundTripLimit(): Promise<number> {
  const server = createServer((request, response) => request.resume().on('end', () => response.end('{}')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    return quantile(
      await sample(SAMPLES, async () => (await fetch(url, { method: 'POST', body: message })).arrayBuffer()),
      0.5,
    );
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

export interface SignatureLimits {
  readonly sign: number;
  readonly verify: number;
}

/** Median milliseconds of one signature, and of one verification, by node:crypto. */
export async function signatureLimits(algorithm: 'ecdsa-p256' | 'ed25519'): Promise<SignatureLimits> {
  const { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject } =
    algorithm === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const hash = algorithm === 'ed25519' ? null : 'sha256';
  const signature = sign(hash, message, privateKey);
  return {
    sign: quantile(await sample(SAMPLES, () => sign(hash, message, privateKey)), 0.5),
    verify: quantile(await sample(SAMPLES, () => verify(hash, message, publicKey, signature)), 0.5),
  };
}
