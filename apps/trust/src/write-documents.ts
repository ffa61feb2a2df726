import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { TRUST_DOCUMENTS } from './documents.js';
import type { TrustDocuments } from './documents.js';

/** Writes every document into `directory`, each as a whole or not at all: a reader never sees half of one. */
export async function writeDocuments(directory: string, documents: TrustDocuments): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of TRUST_DOCUMENTS) {
    const path = join(directory, name);
    const temporary = `${path}.new`;
    const file = await open(temporary, 'w', 0o644);
    try {
      await file.writeFile(documents.get(name).content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  }
}
