export type { HashAlgorithm, KeyAlgorithm, PublicKey, SignatureScheme } from './backend.js';
export { concatBytes, equalBytes } from './bytes.js';
export { BytesError, CodedError, CryptoError, DerError } from './coded-error.js';
export type { BytesErrorCode, CryptoErrorCode, DerErrorCode } from './coded-error.js';
export {
  DER,
  derBitString,
  derBoolean,
  derChildren,
  derInteger,
  derIntegerBytes,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  derString,
  derTime,
  encodeDer,
  encodeOid,
  readDer,
} from './der.js';
export type { DerElement } from './der.js';
export { decodePem, encodePem } from './pem.js';
export { ByteReader, u16, u24, u32, u64, vector } from './reader.js';
export { DIGEST_BYTES, schemeFits, schemeHash } from './scheme.js';
export { ed25519Spki } from './spki.js';
export { utf8Decode, utf8Encode } from './utf8.js';
