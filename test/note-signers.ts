import { generateKeyPairSync, sign } from 'node:crypto';
import { KEY_TYPE, verifierKey, type NoteSigner } from '#libs/note';
import { cosignatureMessage, encodeCosignature } from '#libs/tlog';

/** A log's Ed25519 key, made for one test. */
export function ed25519Signer(name: string, type: number = KEY_TYPE.ed25519): NoteSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = verifierKey(name, type, new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })).subarray(-32));
  return { key, sign: async (text) => new Uint8Array(sign(null, text, privateKey)) };
}

/** A witness's Ed25519 key; it cosigns at the time given. */
export function cosigner(name: string, timestamp: bigint): NoteSigner {
  const { key, sign: signMessage } = ed25519Signer(name, KEY_TYPE.cosignature);
  const cosign = async (text: Uint8Array): Promise<Uint8Array> =>
    encodeCosignature(timestamp, await signMessage(cosignatureMessage(text, timestamp)));
  return { key, sign: cosign };
}
