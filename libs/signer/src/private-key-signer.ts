import { generateKeyPairSync, sign, type KeyObject, type KeyPairKeyObjectResult } from 'node:crypto';
import { promisify } from 'node:util';
import { importPublicKey } from '#crypto';
import type { PublicKey, SignatureScheme } from '#libs/crypto';
import { Signer, type KeyRole, type SigningAlgorithm } from './signer.js';
import { SignerError } from './signer-error.js';

// With a callback node:crypto signs on the thread pool. Where a signature takes a twentieth of a millisecond the way there
// and back costs more than it saves (measured: 92 µs of the event loop against 48).
const signOnThreadPool = promisify(sign);

/** The hash that each algorithm signs with (none for Ed25519 and ML-DSA, which hash by themselves), and its scheme. */
const SIGNING = {
  ed25519: { hash: null, scheme: 'ed25519', quick: true },
  'ecdsa-p256': { hash: 'sha256', scheme: 'ecdsa-sha256', quick: true },
  'ecdsa-p384': { hash: 'sha384', scheme: 'ecdsa-sha384', quick: false },
  'ml-dsa-44': { hash: null, scheme: 'ml-dsa-44', quick: false },
} as const satisfies Record<SigningAlgorithm, { hash: string | null; scheme: SignatureScheme; quick: boolean }>;

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
  readonly #quick: boolean;

  constructor(key: SigningKey, role: KeyRole, development: boolean) {
    super();
    this.role = role;
    this.development = development;
    this.publicKey = key.publicKey;
    this.scheme = SIGNING[key.algorithm].scheme;
    this.#privateKey = key.privateKey;
    this.#hash = SIGNING[key.algorithm].hash;
    this.#quick = SIGNING[key.algorithm].quick;
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    try {
      if (this.#quick) return new Uint8Array(sign(this.#hash, message, this.#privateKey));
      return new Uint8Array(await signOnThreadPool(this.#hash, message, this.#privateKey));
    } catch (cause) {
      throw new SignerError('signing-failed', `the ${this.role} key could not sign`, { cause });
    }
  }
}

export function generateKey(algorithm: SigningAlgorithm): SigningKey {
  const { privateKey, publicKey } = generateKeyPair(algorithm);
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  return { algorithm, privateKey, publicKey: importPublicKey(spki) };
}

function generateKeyPair(algorithm: SigningAlgorithm): KeyPairKeyObjectResult {
  switch (algorithm) {
    case 'ed25519':
      return generateKeyPairSync('ed25519');
    case 'ml-dsa-44':
      return generateKeyPairSync('ml-dsa-44');
    case 'ecdsa-p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'ecdsa-p384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
  }
}

/** A new key that lives as long as the process, and is therefore a development key. */
export function generateSigner(role: KeyRole, algorithm: SigningAlgorithm): Signer {
  return new PrivateKeySigner(generateKey(algorithm), role, true);
}
