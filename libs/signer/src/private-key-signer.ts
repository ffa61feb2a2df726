import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { importPublicKey } from '#crypto';
import type { PublicKey, SignatureScheme } from '#libs/crypto';
import { Signer, type KeyRole, type SigningAlgorithm } from './signer.js';
import { SignerError } from './signer-error.js';

// With a callback node:crypto signs on the thread pool, and the event loop stays free.
const signOnThreadPool = promisify(sign);

/** The hash that each algorithm signs with (none for Ed25519, which hashes by itself), and its scheme. */
const SIGNING = {
  ed25519: { hash: null, scheme: 'ed25519' },
  'ecdsa-p256': { hash: 'sha256', scheme: 'ecdsa-sha256' },
  'ecdsa-p384': { hash: 'sha384', scheme: 'ecdsa-sha384' },
} as const satisfies Record<SigningAlgorithm, { hash: string | null; scheme: SignatureScheme }>;

export interface SigningKey {
  readonly algorithm: SigningAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: PublicKey;
}

/** A signer whose private key is in this process. */
export class PrivateKeySigner extends Signer {
  readonly role: KeyRole;
  readonly development: boolean;
  readonly publicKey: PublicKey;
  readonly scheme: SignatureScheme;
  readonly #privateKey: KeyObject;
  readonly #hash: string | null;

  constructor(key: SigningKey, role: KeyRole, development: boolean) {
    super();
    this.role = role;
    this.development = development;
    this.publicKey = key.publicKey;
    this.scheme = SIGNING[key.algorithm].scheme;
    this.#privateKey = key.privateKey;
    this.#hash = SIGNING[key.algorithm].hash;
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    try {
      return new Uint8Array(await signOnThreadPool(this.#hash, message, this.#privateKey));
    } catch (cause) {
      throw new SignerError('signing-failed', `the ${this.role} key could not sign`, { cause });
    }
  }
}

export function generateKey(algorithm: SigningAlgorithm): SigningKey {
  const { privateKey, publicKey } =
    algorithm === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: algorithm === 'ecdsa-p256' ? 'P-256' : 'P-384' });
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  return { algorithm, privateKey, publicKey: importPublicKey(spki) };
}

/** A new key that lives as long as the process, and is therefore a development key. */
export function generateSigner(role: KeyRole, algorithm: SigningAlgorithm): Signer {
  return new PrivateKeySigner(generateKey(algorithm), role, true);
}
