import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A request body as the bytes that its sender meant, as they come in. */
export interface UploadBody {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Lets go of what was not read; the connection stays. */
  release(): void;
}

/**
 * Takes `Content-Encoding: gzip` off a body: tlog-mirror demands that one. Nothing is decompressed before it is asked for, so
 * that a few bytes that stand for gigabytes cost what their reader takes of them. Undefined for another encoding.
 */
export function uploadBody(raw: Readable, encoding: string | undefined): UploadBody | undefined {
  // An iterator that destroys its source would take the connection with it, and the answer.
  const iterate = (stream: Readable): AsyncIterable<Uint8Array> => stream.iterator({ destroyOnReturn: false });
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return { chunks: iterate(raw), release: () => void raw.resume() };
    case 'gzip':
    case 'x-gzip': {
      const gunzip = createGunzip();
      const broken = (error?: Error): void =>
        void gunzip.destroy(error ?? Object.assign(new Error('the body broke off'), { code: 'ECONNRESET' }));
      raw.once('error', broken).once('aborted', broken);
      gunzip.on('error', () => undefined); // whoever reads hears of it
      raw.pipe(gunzip);
      const release = (): void => {
        raw.off('error', broken).off('aborted', broken).unpipe(gunzip).resume();
        gunzip.destroy();
      };
      return { chunks: iterate(gunzip), release };
    }
    default:
      return undefined;
  }
}
