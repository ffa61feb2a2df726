import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8Encode } from '#libs/crypto';
import { replaceFile } from '#libs/tile-store';
import { TRUST_DOCUMENTS } from './documents.js';
import type { TrustDocuments } from './documents.js';

/** Whatever serves the directory has to read them. */
const PUBLIC_MODE = 0o644;

/** Writes every document into `directory`, each as a whole or not at all: a reader never sees half of one. */
export async function writeDocuments(directory: string, documents: TrustDocuments): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of TRUST_DOCUMENTS) {
    await replaceFile(join(directory, name), utf8Encode(documents.get(name).content), { mode: PUBLIC_MODE });
  }
}
