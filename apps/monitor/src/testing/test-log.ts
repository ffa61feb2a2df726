import { formatNote, signNote, type NoteSigner } from '#libs/note';
import { originHash } from '#libs/tlog';
import { GrowingTree } from '../../../../test/growing-tree.js';
import { localServer, type LocalServer } from '../../../../test/local-server.js';
import { ed25519Signer } from '../../../../test/note-signers.js';

export interface TestLogOptions {
  readonly signer?: NoteSigner;
  /** From this entry on it has those of the branch. */
  readonly forkAt?: number;
  readonly branch?: string;
}

/** One history of a log over HTTP: what it shows at `/checkpoint` is up to the test, as is whether it answers at all. */
export class TestLog {
  readonly #tree: GrowingTree;
  /** What it shows. */
  shown: Uint8Array | undefined;
  answers = true;
  /** Whether anybody gets its tiles. */
  showsTiles = true;

  private constructor(
    readonly signer: NoteSigner,
    { forkAt = Infinity, branch = 'b' }: TestLogOptions,
    private readonly server: LocalServer,
  ) {
    this.#tree = new GrowingTree(branch, forkAt);
  }

  static async start(origin: string, options: TestLogOptions = {}): Promise<TestLog> {
    const server = await localServer((request, response) => {
      const file = log.answers ? log.#file((request.url ?? '').slice(1)) : undefined;
      response.statusCode = file ? 200 : log.answers ? 404 : 500;
      response.end(file);
    });
    const log = new TestLog(options.signer ?? ed25519Signer(origin), options, server);
    return log;
  }

  get url(): string {
    return this.server.url;
  }

  get origin(): string {
    return this.signer.key.name;
  }

  get requests(): readonly string[] {
    return this.server.requests.map(({ path }) => path);
  }

  /** Entries are added until there are `size`; shows and returns the checkpoint, with these cosignatures. */
  async grow(size: number, cosigners: readonly NoteSigner[] = []): Promise<Uint8Array> {
    while (this.#tree.size < size) this.#tree.append();
    this.shown = formatNote(await signNote(this.#tree.checkpoint(this.origin), [this.signer, ...cosigners]));
    return this.shown;
  }

  close(): Promise<void> {
    return this.server.close();
  }

  /** Also where a witness would show it. */
  #file(path: string): Uint8Array | undefined {
    if (path === 'checkpoint' || path === `${originHash(this.origin)}/checkpoint`) return this.shown;
    return this.showsTiles ? this.#tree.files.get(path) : undefined;
  }
}
