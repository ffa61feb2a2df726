import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { sha256, toHex } from '#crypto';

const compress = promisify(gzip);

/** One form of a file, with the headers of its answer made once. */
export interface Representation {
  readonly body: Buffer;
  /** Strong: the same tag is the same bytes. */
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A file as it is served: as it is, and, where that is worth it, compressed. */
export class ServedFile {
  readonly identity: Representation;
  #gzip: Promise<Representation> | undefined;
  #smallest: Representation | undefined;

  constructor(
    bytes: Uint8Array,
    headers: Readonly<Record<string, string>>,
    /** Entries compress; hashes don't. */
    readonly compressible: boolean,
  ) {
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const etag = `"${toHex(sha256(bytes))}"`;
    // RFC 9110 §12.5.5: a cache has to know that there is another form, also when it holds this one.
    const vary: Record<string, string> = compressible ? { vary: 'accept-encoding' } : {};
    this.identity = representation(body, etag, { ...headers, ...vary, 'accept-ranges': 'bytes' });
  }

  /** What `compressed` has found, once it has. */
  get smallest(): Representation | undefined {
    return this.#smallest;
  }

  /** The compressed form, made once and off this thread; the file as it is when that is no larger. */
  compressed(): Promise<Representation> {
    this.#gzip ??= this.#compress();
    return this.#gzip;
  }

  async #compress(): Promise<Representation> {
    const { body: plain, etag: plainTag, headers } = this.identity;
    const body = await compress(plain);
    const etag = `${plainTag.slice(0, -1)}-gzip"`;
    this.#smallest =
      body.length < plain.length
        ? representation(body, etag, { ...headers, 'content-encoding': 'gzip' })
        : this.identity;
    return this.#smallest;
  }
}

function representation(body: Buffer, etag: string, headers: Readonly<Record<string, string>>): Representation {
  return { body, etag, headers: { ...headers, etag, 'content-length': String(body.length) } };
}
