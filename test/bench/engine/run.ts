import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { EngineOrder, EngineResult } from './main.js';

const PROGRAM = fileURLToPath(new URL('main.js', import.meta.url));

/** Has one order done in a new process. */
export async function runEngine(order: EngineOrder): Promise<EngineResult> {
  const args = (process.env['TALLY_BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((arg) => arg !== '');
  const child = fork(PROGRAM, { execArgv: ['--expose-gc', ...args] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.send(order);
  const answered = once(child, 'message') as Promise<[{ result?: EngineResult; error?: string }]>;
  const ended = once(child, 'exit').then(() => [{ error: 'it ended' }] as [{ result?: EngineResult; error?: string }]);
  const [{ result, error }] = await Promise.race([answered, ended]);
  if (child.connected) child.disconnect();
  await ended;
  process.off('exit', kill);
  if (!result) throw new Error(`${order.do} failed: ${error}`);
  return result;
}
