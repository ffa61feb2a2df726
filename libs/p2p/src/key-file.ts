import { open } from 'node:fs/promises';
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';
import { createDurably } from './durable-file.js';
import { P2pError } from './p2p-error.js';

/** An RSA key of 4096 bits has some 2.4 kB. */
const KEY_FILE_MAX_BYTES = 8 * 1024;

/**
 * The node's own key: a libp2p private key in protobuf form, mode 0600; a new Ed25519 key if there is no file.
 * @throws P2pError invalid-key-file if it is no such key, or if others may read it
 */
export async function openNodeKey(path: string): Promise<PrivateKey> {
  const existing = await readNodeKey(path);
  if (existing !== undefined) return existing;
  const key = await generateKeyPair('Ed25519');
  if (await createDurably(path, privateKeyToProtobuf(key), 0o600)) return key;
  // Another process was faster: its key counts.
  const other = await readNodeKey(path);
  if (other === undefined) throw new P2pError('invalid-key-file', `${path} vanished while it was being made`);
  return other;
}

async function readNodeKey(path: string): Promise<PrivateKey | undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new P2pError('invalid-key-file', `${path} can't be read: ${error.message}`, { cause: error });
  });
  if (file === undefined) return undefined;
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new P2pError('invalid-key-file', `${path} has mode ${(mode & 0o777).toString(8)}; it should be 600`);
    }
    if (size > KEY_FILE_MAX_BYTES) throw new P2pError('invalid-key-file', `${path} has ${size} bytes: not a node key`);
    return privateKeyFromProtobuf(await file.readFile());
  } catch (cause) {
    if (cause instanceof P2pError) throw cause;
    throw new P2pError('invalid-key-file', `${path} is not a libp2p private key`, { cause });
  } finally {
    await file.close();
  }
}
