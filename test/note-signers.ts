import { generateKeyPairSync, sign } from 'node:crypto';
import { KEY_TYPE, verifierKey, type NoteSigner } from '#libs/note';
import {
  cosignatureMessage,
  encodeCosignature,
  encodeRfc6962NoteSignature,
  parseCheckpoint,
  subtreeCosignatureMessage,
  treeHeadSignatureInput,
} from '#libs/tlog';

/** A log's Ed25519 key, made for one test. */
export function ed25519Signer(name: string, type: number = KEY_TYPE.ed25519): NoteSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = verifierKey(name, type, new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })).subarray(-32));
  return { key, sign: async (text) => new Uint8Array(sign(null, text, privateKey)) };
}

/** What a signer's clock says: always the same, or whatever a test sets it to. */
type Clock = bigint | (() => bigint);

const read = (clock: Clock): bigint => (typeof clock === 'bigint' ? clock : clock());

/** A witness's Ed25519 key; it cosigns at the time given, in seconds. */
export function cosigner(name: string, clock: Clock): NoteSigner {
  const { key, sign: signMessage } = ed25519Signer(name, KEY_TYPE.cosignature);
  const cosign = async (text: Uint8Array): Promise<Uint8Array> => {
    const timestamp = read(clock);
    return encodeCosignature(timestamp, await signMessage(cosignatureMessage(text, timestamp)));
  };
  return { key, sign: cosign };
}

/** A log's ECDSA key (0x02); no two of its signatures are the same. */
export function ecdsaSigner(name: string, namedCurve: string = 'P-256'): NoteSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  const key = verifierKey(name, KEY_TYPE.ecdsa, new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })));
  return { key, sign: async (text) => new Uint8Array(sign('sha256', text, privateKey)) };
}

/** A CT log: its key signs tree heads (0x05), and SCTs by `signBytes`. */
export function rfc6962Signer(
  name: string,
  clockMs: Clock = 1n,
): NoteSigner & { readonly signBytes: (message: Uint8Array) => Uint8Array } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = verifierKey(name, KEY_TYPE.rfc6962, new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })));
  const signBytes = (message: Uint8Array): Uint8Array => new Uint8Array(sign('sha256', message, privateKey));
  const signTreeHead = async (text: Uint8Array): Promise<Uint8Array> => {
    const { size, root } = parseCheckpoint(text);
    const timestampMs = read(clockMs);
    const signature = signBytes(treeHeadSignatureInput(timestampMs, size, root));
    return encodeRfc6962NoteSignature({ timestampMs, scheme: 'ecdsa-sha256', signature });
  };
  return { key, sign: signTreeHead, signBytes };
}

/** An ML-DSA-44 key (0x06): a witness's, or a log's if the name is the origin. No two of its signatures are the same. */
export function mlDsa44Signer(name: string, clock: Clock = 1n): NoteSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ml-dsa-44');
  const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })).slice(-1312);
  const cosign = async (text: Uint8Array): Promise<Uint8Array> => {
    const { origin, size, root } = parseCheckpoint(text);
    const timestamp = read(clock);
    const message = subtreeCosignatureMessage({ cosigner: name, timestamp, origin, start: 0n, end: size, root });
    return encodeCosignature(timestamp, new Uint8Array(sign(null, message, privateKey)));
  };
  return { key: verifierKey(name, KEY_TYPE.mlDsa44Cosignature, raw), sign: cosign };
}
