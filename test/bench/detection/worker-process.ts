import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** What a process of nodes is told. Notes are in base64. */
export type Order =
  | {
      readonly do: 'start';
      readonly name: string;
      readonly folder: string;
      readonly count: number;
      readonly keys: readonly string[];
    }
  | { readonly do: 'link'; readonly links: readonly { readonly node: number; readonly address: string }[] }
  /** All its nodes hold this head from now on; nobody is told. */
  | { readonly do: 'hold'; readonly origin: string; readonly note: string }
  /** What happened before no longer counts. */
  | { readonly do: 'watch' }
  | { readonly do: 'publish'; readonly node: number; readonly note: string; readonly key: string }
  /** Answered when all its nodes have the head, or evidence. */
  | { readonly do: 'heads' | 'evidence' }
  | { readonly do: 'ping' | 'stop' };

export interface Answer {
  readonly nodes?: readonly { readonly key: string; readonly address: string }[];
  /** By `clockMs`, or for a ping the milliseconds that it took. */
  readonly times?: readonly number[];
  readonly error?: string;
}

const ANSWER_MS = 60_000;

/** A process with some nodes. One order at a time. */
export class WorkerProcess {
  private constructor(private readonly child: ChildProcess) {}

  static start(): WorkerProcess {
    const child = fork(new URL('worker.js', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    return new WorkerProcess(child);
  }

  async tell(order: Order): Promise<Answer> {
    const answered = once(this.child, 'message', { signal: AbortSignal.timeout(ANSWER_MS) });
    this.child.send(order);
    const [answer] = (await answered) as [Answer];
    if (answer.error !== undefined) throw new Error(`${order.do}: ${answer.error}`);
    return answer;
  }

  async times(order: Order): Promise<readonly number[]> {
    return (await this.tell(order)).times ?? [];
  }

  async stop(): Promise<void> {
    await this.tell({ do: 'stop' });
    const exited = once(this.child, 'exit');
    this.child.disconnect();
    await exited;
  }
}
