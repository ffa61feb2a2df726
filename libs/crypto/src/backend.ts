/** What `#crypto` offers on every platform. Synchronous everywhere; public data only, so nothing here is constant-time. */
export type HashAlgorithm = 'sha256' | 'sha384' | 'sha512';

export type KeyAlgorithm = 'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521' | 'ed25519' | 'rsa' | 'ml-dsa-44';

export type SignatureScheme =
  | `ecdsa-${HashAlgorithm}`
  | 'ed25519'
  | 'ed25519ph'
  | `rsa-pkcs1-${HashAlgorithm}`
  | `rsa-pss-${HashAlgorithm}`
  | 'ml-dsa-44';

export interface PublicKey {
  readonly algorithm: KeyAlgorithm;
  /** SubjectPublicKeyInfo, DER, exactly as imported. */
  readonly spki: Uint8Array;
  /** The key inside: uncompressed EC point, 32-byte Ed25519 key, PKCS #1 RSAPublicKey, ML-DSA public key. */
  readonly raw: Uint8Array;
  /** RSA only. */
  readonly modulusBits?: number;
}

export interface Backend {
  sha256(data: Uint8Array): Uint8Array;
  sha384(data: Uint8Array): Uint8Array;
  sha512(data: Uint8Array): Uint8Array;
  hash(algorithm: HashAlgorithm, data: Uint8Array): Uint8Array;
  /** Parses a SubjectPublicKeyInfo. @throws CryptoError malformed-key, unsupported-key */
  importPublicKey(spki: Uint8Array): PublicKey;
  /** True if `signature` over `message` verifies; false for every other signature, and for a scheme that isn't the key's. */
  verify(key: PublicKey, scheme: SignatureScheme, message: Uint8Array, signature: Uint8Array): boolean;
  /** As `verify`, over a digest made by the scheme's hash. False for schemes that have none (pure Ed25519, PSS, ML-DSA). */
  verifyDigest(key: PublicKey, scheme: SignatureScheme, digest: Uint8Array, signature: Uint8Array): boolean;
  /** Standard alphabet, padded (RFC 4648 §4). */
  toBase64(bytes: Uint8Array): string;
  /** Accepts the canonical form only. @throws BytesError malformed-base64 */
  fromBase64(text: string): Uint8Array;
  /** Lower case. */
  toHex(bytes: Uint8Array): string;
  /** @throws BytesError malformed-hex */
  fromHex(text: string): Uint8Array;
}
