import { fromBase64, toBase64 } from '#crypto';
import { BytesError } from './coded-error.js';

// No two repetitions that could share the same white space: a block that has no end would take cubic time.
const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END ([A-Z0-9 ]+)-----/g;

/**
 * The DER contents of every PEM block (RFC 7468), in order; with `label`, all blocks must bear it.
 * @throws BytesError malformed-pem (also when there is no block)
 */
export function decodePem(text: string, label?: string): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (const [, begin, body, end] of text.matchAll(PEM_BLOCK)) {
    if (begin !== end) throw new BytesError('malformed-pem', `a PEM block begins as ${begin} and ends as ${end}`);
    if (label !== undefined && begin !== label) {
      throw new BytesError('malformed-pem', `a PEM block is a ${begin}, it should be a ${label}`);
    }
    try {
      blocks.push(fromBase64((body ?? '').replace(/\s+/g, '')));
    } catch (cause) {
      throw new BytesError('malformed-pem', `the ${begin} block is not valid base64`, { cause });
    }
  }
  if (blocks.length === 0)
    throw new BytesError('malformed-pem', `there is no PEM block${label ? ` of a ${label}` : ''}`);
  return blocks;
}

/** One PEM block, 64 characters a line, with the final newline (RFC 7468 §2). */
export function encodePem(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.map((line) => `${line}\n`).join('')}-----END ${label}-----\n`;
}
