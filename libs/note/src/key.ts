import { fromBase64, fromHex, sha256, toBase64, toHex } from '#crypto';
import { concatBytes, equalBytes, utf8Encode } from '#libs/crypto';
import { NoteError } from './error.js';

/** The signature type identifier bytes: signed-note, "Signature types". */
export const KEY_TYPE = {
  ed25519: 0x01,
  ecdsa: 0x02,
  /** Timestamped Ed25519 cosignature: tlog-cosignature. */
  cosignature: 0x04,
  /** RFC 6962 TreeHeadSignature: static-ct-api. */
  rfc6962: 0x05,
  /** Timestamped ML-DSA-44 (sub)tree cosignature: tlog-cosignature. */
  mlDsa44Cosignature: 0x06,
} as const;

export const KEY_ID_BYTES = 4;

/** Who signs, and with which key. The name and the ID together are what a signature line names. */
export interface VerifierKey {
  readonly name: string;
  readonly type: number;
  /** 4 bytes; short on purpose: an identifier, not a hash to rely on. */
  readonly id: Uint8Array;
  /** 32 bytes for Ed25519 (0x01, 0x04), 1312 for ML-DSA-44 (0x06), SubjectPublicKeyInfo in DER for 0x02 and 0x05. */
  readonly publicKey: Uint8Array;
}

const PUBLIC_KEY_BYTES: Readonly<Record<number, number>> = {
  [KEY_TYPE.ed25519]: 32,
  [KEY_TYPE.cosignature]: 32,
  [KEY_TYPE.mlDsa44Cosignature]: 1312,
};

// signed-note: no Unicode spaces, no plus, nothing below U+0020; and nothing that UTF-8 can't carry (lone surrogates).
const NOT_IN_A_NAME = /[\p{White_Space}\p{Cs}+]|[^ -\u{10ffff}]/u;

/** Whether `name` can stand in a signature line: signed-note, "Format". */
export function isKeyName(name: string): boolean {
  return name !== '' && !NOT_IN_A_NAME.test(name);
}

/**
 * The 32-byte hash that the key ID is the start of, by the rule of its type. Sigstore uses it whole, as a log ID.
 * 0x02 hashes the key alone, 0x05 the RFC 6962 LogID in the place of the key.
 */
export function fullKeyId(name: string, type: number, publicKey: Uint8Array): Uint8Array {
  if (type === KEY_TYPE.ecdsa) return sha256(publicKey);
  const key = type === KEY_TYPE.rfc6962 ? sha256(publicKey) : publicKey;
  return sha256(concatBytes(utf8Encode(name), Uint8Array.of(0x0a, type), key));
}

/** The key with its computed ID. @throws NoteError malformed-verifier-key for a bad name or a key of the wrong length */
export function verifierKey(name: string, type: number, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw malformed(name, 'the name is empty, or holds a space, a plus or a control character');
  const bytes = PUBLIC_KEY_BYTES[type];
  if (bytes !== undefined && publicKey.length !== bytes) {
    throw malformed(name, `a key of type ${type} has ${bytes} bytes, not ${publicKey.length}`);
  }
  return { name, type, id: fullKeyId(name, type, publicKey).slice(0, KEY_ID_BYTES), publicKey };
}

/**
 * Reads `<name>+<hex key ID>+<base64(type || public key)>`: signed-note, "Verifier keys". Types we don't know are refused:
 * their IDs could not be checked. @throws NoteError malformed-verifier-key, unsupported-key-type
 */
export function parseVerifierKey(vkey: string): VerifierKey {
  // On the first two plus signs only: base64 holds plus signs too.
  const [, name = '', hexId = '', encoded = ''] = /^([^+]*)\+([0-9a-f]{8})\+(.+)$/s.exec(vkey) ?? [];
  if (encoded === '') throw malformed(vkey, 'should be name+8 hexadecimal digits+base64');
  const material = decode(encoded, vkey);
  const [type = 0] = material;
  if (!Object.values<number>(KEY_TYPE).includes(type)) {
    throw new NoteError('unsupported-key-type', `verifier key ${name}: signature type ${type} is not supported`);
  }
  const key = verifierKey(name, type, material.subarray(1));
  if (!equalBytes(key.id, fromHex(hexId))) {
    throw malformed(name, `key ID ${hexId} is not that of the key, which is ${toHex(key.id)}`);
  }
  return key;
}

/** The inverse of `parseVerifierKey`. */
export function formatVerifierKey(key: VerifierKey): string {
  return `${key.name}+${toHex(key.id)}+${toBase64(concatBytes(Uint8Array.of(key.type), key.publicKey))}`;
}

function decode(base64: string, vkey: string): Uint8Array {
  try {
    return fromBase64(base64);
  } catch (cause) {
    throw malformed(vkey, 'the part after the second plus is not base64', { cause });
  }
}

function malformed(key: string, problem: string, options?: ErrorOptions): NoteError {
  return new NoteError('malformed-verifier-key', `verifier key ${JSON.stringify(key)}: ${problem}`, options);
}
