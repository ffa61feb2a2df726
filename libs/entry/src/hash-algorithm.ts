import type { HashAlgorithm } from '#libs/crypto';
import type { MessageReader } from './message-reader.js';

/** dev.sigstore.common.v1.HashAlgorithm. */
const PROTO_HASH: Readonly<Record<HashAlgorithm, { readonly name: string; readonly number: number }>> = {
  sha256: { name: 'SHA2_256', number: 1 },
  sha384: { name: 'SHA2_384', number: 2 },
  sha512: { name: 'SHA2_512', number: 3 },
};

/** The enum's name of an algorithm. */
export function hashAlgorithmName(algorithm: HashAlgorithm): string {
  return PROTO_HASH[algorithm].name;
}

/** Reads a required field of that enum. */
export function readHashAlgorithm(message: MessageReader, field: string): HashAlgorithm {
  const value = message.enumValue(field);
  const algorithms = Object.keys(PROTO_HASH) as HashAlgorithm[];
  const found = algorithms.find((algorithm) => Object.values(PROTO_HASH[algorithm]).some((known) => known === value));
  if (found) return found;
  const names = algorithms.map(hashAlgorithmName).join(', ');
  throw message.rules.refuse(`${message.path}.${field} is ${value ?? 'absent'}, it should be one of ${names}`);
}
