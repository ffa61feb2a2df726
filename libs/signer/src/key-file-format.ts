import { createPrivateKey } from 'node:crypto';
import { fromBase64, importPublicKey, toBase64 } from '#crypto';
import type { PublicKey } from '#libs/crypto';
import type { SigningKey } from './private-key-signer.js';
import { KEY_ROLES, type KeyRole } from './signer.js';
import { SignerError } from './signer-error.js';

/**
 * A key file is PKCS #8 in PEM (RFC 7468 lets text stand before the block, and OpenSSL skips it) after three lines:
 *
 *     Role: rekor-log
 *     Development: no
 *     Public-Key: <base64 of the SubjectPublicKeyInfo>
 *     -----BEGIN PRIVATE KEY-----  (or ENCRYPTED PRIVATE KEY, PBES2)
 *
 * The lines keep an operator from a mistake; they don't keep out someone who can write the file. `Public-Key` makes
 * damage visible that PKCS #8 can't show: a flipped bit in an Ed25519 seed is another valid key.
 */
export interface KeyFile {
  readonly role: KeyRole;
  readonly development: boolean;
  readonly publicKey: PublicKey;
  readonly encrypted: boolean;
  readonly pem: string;
}

const KEY_FILE =
  /^Role: ([a-z-]+)\nDevelopment: (yes|no)\nPublic-Key: ([A-Za-z0-9+/=]+)\n(-----BEGIN (ENCRYPTED )?PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+-----END (?:ENCRYPTED )?PRIVATE KEY-----\n)$/;

/** @throws SignerError damaged-key-file; `path` is for its message */
export function parseKeyFile(text: string, path: string): KeyFile {
  const [, role, development, spki, pem, encrypted] = KEY_FILE.exec(text) ?? [];
  if (role === undefined || spki === undefined || pem === undefined) {
    throw new SignerError(
      'damaged-key-file',
      `${path} is not a key file: it should be the lines Role, Development and Public-Key, then one PKCS #8 PEM block`,
    );
  }
  const known = KEY_ROLES.find((name) => name === role);
  if (known === undefined) throw new SignerError('damaged-key-file', `${path} is for ${role}, which is not a role`);
  let publicKey: PublicKey;
  try {
    publicKey = importPublicKey(fromBase64(spki));
  } catch (cause) {
    throw new SignerError('damaged-key-file', `the Public-Key line of ${path} does not hold a public key`, { cause });
  }
  return { role: known, development: development === 'yes', publicKey, encrypted: encrypted !== undefined, pem };
}

/** With a passphrase the key is encrypted (PBES2: PBKDF2 with HMAC-SHA-256, AES-256-CBC). */
export function formatKeyFile(key: SigningKey, role: KeyRole, development: boolean, passphrase?: string): string {
  const pem = key.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    // Derived with 2,048 rounds, and node:crypto can't ask for more: the passphrase has to be long, not memorable. A file
    // that was encrypted with more rounds is read as well.
    ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
  });
  return `Role: ${role}\nDevelopment: ${development ? 'yes' : 'no'}\nPublic-Key: ${toBase64(key.publicKey.spki)}\n${pem.toString()}`;
}

/** @throws SignerError passphrase-required, not-encrypted, wrong-passphrase, damaged-key-file */
export function decryptKeyFile(file: KeyFile, path: string, passphrase: string | undefined) {
  if (file.encrypted && passphrase === undefined) {
    throw new SignerError('passphrase-required', `${path} is encrypted, and no passphrase was given`);
  }
  // Whoever set a passphrase believes that the key is safe on the disk.
  if (!file.encrypted && passphrase !== undefined) {
    throw new SignerError('not-encrypted', `a passphrase was given for ${path}, but the key in it is not encrypted`);
  }
  try {
    return createPrivateKey({ key: file.pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    throw file.encrypted
      ? new SignerError('wrong-passphrase', `the passphrase does not open ${path}, or the file is damaged`, { cause })
      : new SignerError('damaged-key-file', `the private key in ${path} does not parse`, { cause });
  }
}
