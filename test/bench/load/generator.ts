import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadResult } from './loops.js';
import type { LoadOrder } from './main.js';

const PROGRAM = fileURLToPath(new URL('main.js', import.meta.url));

/** The load generator's process. */
export class LoadGenerator {
  private constructor(private readonly child: ChildProcess) {}

  static start(): LoadGenerator {
    // Advanced serialisation keeps typed arrays.
    const child = fork(PROGRAM, { serialization: 'advanced' });
    process.once('exit', () => child.kill('SIGKILL'));
    return new LoadGenerator(child);
  }

  /** Makes this many signed entries, for the orders to come. */
  async prepare(entries: number): Promise<void> {
    await this.#order({ do: 'prepare', entries });
  }

  /** Makes add-checkpoint requests of so many logs with so many heads each, and writes the verifier keys to a file. */
  async prepareCheckpoints(wanted: Omit<Extract<LoadOrder, { do: 'prepare-checkpoints' }>, 'do'>): Promise<void> {
    await this.#order({ do: 'prepare-checkpoints', ...wanted });
  }

  async run(order: Extract<LoadOrder, { do: 'closed-loop' | 'open-loop' }>): Promise<LoadResult> {
    const result = await this.#order(order);
    if (!result) throw new Error('the load generator gave no result');
    return result;
  }

  async #order(order: LoadOrder): Promise<LoadResult | undefined> {
    this.child.send(order);
    const [answer] = (await once(this.child, 'message')) as [{ result?: LoadResult; error?: string }];
    if (answer.error !== undefined) throw new Error(`the load generator failed: ${answer.error}`);
    return answer.result;
  }

  stop(): void {
    this.child.disconnect();
  }
}
