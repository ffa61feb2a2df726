import type { Io } from './io.js';

/** Nobody has to be told about work that is done by then. */
const SILENT_MS = 1_000;
const REDRAWN_EVERY_MS = 200;
const WIDTH = 24;

/** How far work has come, on one line of a terminal that it redraws; elsewhere it is silent. */
export class ProgressBar {
  readonly #begun: number;
  #drawn = 0;

  constructor(
    private readonly io: Pick<Io, 'stderr' | 'env'>,
    private readonly unit: string,
    private readonly total: number,
    /** Milliseconds, monotonic. */
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.#begun = clock();
  }

  update(done: number): void {
    const { stderr, env } = this.io;
    if (!stderr.isTerminal || env.TERM === 'dumb') return;
    const now = this.clock();
    const elapsed = now - this.#begun;
    if (elapsed < SILENT_MS || now - this.#drawn < REDRAWN_EVERY_MS) return;
    this.#drawn = now;
    const share = this.total === 0 ? 1 : done / this.total;
    const bar = '#'.repeat(Math.floor(share * WIDTH)).padEnd(WIDTH, '.');
    const perSecond = (done * 1000) / elapsed;
    const left = perSecond > 0 ? `, ${duration((this.total - done) / perSecond)} left` : '';
    const counts = `${grouped(done)} of ${grouped(this.total)} ${this.unit}, ${grouped(Math.round(perSecond))}/s`;
    stderr.write(`\r\u001b[2K[${bar}] ${Math.floor(share * 100)}%  ${counts}${left}`);
  }

  /** Takes the line away again. */
  clear(): void {
    if (this.#drawn > 0) this.io.stderr.write('\r\u001b[2K');
    this.#drawn = 0;
  }
}

function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.ceil((seconds % 3600) / 60)} min`;
}

/** `1,234,567`. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
