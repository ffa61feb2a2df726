import { fromBase64, toBase64 } from '#crypto';
import { equalBytes, utf8Decode, utf8Encode } from '#libs/crypto';
import { nodeFileSystem, replaceFile, type FileSystem } from '#libs/tile-store';
import { LogError } from '../log-error.js';

/** The newest checkpoint that the log's key may have signed. */
export interface Mark {
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly timestampMs: bigint;
}

const HEADER = 'tally-mark/v1';
const MARK_MAX_BYTES = 1024;

/**
 * The signer's high-water mark: one small file that is made durable before each signature. It lives apart from the data,
 * so that a restored backup or snapshot of the store doesn't bring an older mark along.
 */
export class MarkFile {
  #last: Mark | undefined;

  constructor(
    private readonly path: string,
    private readonly origin: string,
    private readonly fileSystem: FileSystem = nodeFileSystem,
  ) {}

  /** What was read or written last. */
  get last(): Mark | undefined {
    return this.#last;
  }

  /** @throws LogError malformed-mark */
  async read(): Promise<Mark | undefined> {
    const bytes = await this.fileSystem.read(this.path, MARK_MAX_BYTES);
    if (bytes === undefined) return undefined;
    if (bytes === 'too-large') {
      throw new LogError('malformed-mark', `${this.path} has more than ${MARK_MAX_BYTES} bytes, which no mark has`);
    }
    const [header, origin, size = '', root = '', timestamp = '', end, ...rest] = utf8Decode(bytes).split('\n');
    const decimal = /^\d{1,19}$/;
    if (header !== HEADER || end !== '' || rest.length > 0 || !decimal.test(size) || !decimal.test(timestamp)) {
      throw new LogError('malformed-mark', `${this.path} is not a mark of the form ${HEADER}`);
    }
    if (origin !== this.origin) {
      throw new LogError(
        'malformed-mark',
        `${this.path} is the mark of ${origin}, it should be that of ${this.origin}`,
      );
    }
    this.#last = { size: BigInt(size), root: this.#root(root), timestampMs: BigInt(timestamp) };
    return this.#last;
  }

  #root(text: string): Uint8Array {
    const root = fromBase64(text);
    if (root.length !== 32) throw new LogError('malformed-mark', `${this.path} has a root of ${root.length} bytes`);
    return root;
  }

  /** Durable when it resolves. */
  async write(mark: Mark): Promise<void> {
    const text = `${HEADER}\n${this.origin}\n${mark.size}\n${toBase64(mark.root)}\n${mark.timestampMs}\n`;
    await replaceFile(this.path, utf8Encode(text), { fileSystem: this.fileSystem });
    this.#last = mark;
  }
}

/** What the committed events say, for the mark to be held against. */
export interface Committed {
  readonly size: bigint;
  /** Whether a checkpoint was ever signed, as far as the store knows. */
  readonly signed: boolean;
  /** The root at a size that the log may have signed; undefined for any other. */
  readonly rootAt: (size: bigint) => Uint8Array | undefined;
}

/**
 * The signer goes on only if the store still holds what its mark says was signed.
 * @throws LogError mark-missing, mark-ahead, mark-differs
 */
export function checkMark(mark: Mark | undefined, committed: Committed): void {
  if (!mark) {
    if (!committed.signed) return; // nothing was ever signed: a new log, or one that crashed before its first checkpoint
    throw new LogError('mark-missing', 'the store holds signed checkpoints, but the mark of what was signed is gone');
  }
  if (mark.size > committed.size) {
    const lost = `a checkpoint of size ${mark.size} was signed, the store has ${committed.size} entries`;
    throw new LogError('mark-ahead', `${lost}: it was restored from an older copy, or has lost its end`);
  }
  const root = committed.rootAt(mark.size);
  if (!root || !equalBytes(root, mark.root)) {
    throw new LogError(
      'mark-differs',
      `the entries in the store don't lead to the root that was signed at size ${mark.size}`,
    );
  }
}
