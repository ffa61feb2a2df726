import { chmodSync, renameSync, statSync } from 'node:fs';
import { pino } from 'pino';
import type { DestinationStream } from 'pino';

/** At a start, a log that has grown past this becomes `stack.log.1`. */
const LOG_MAX_BYTES = 64 * 1024 * 1024;

export type StackLog = DestinationStream & { close(): void };

/** Appends JSON lines to `path`, mode 0600. What is written when the process is killed is at most the last moment's. */
export function openStackLog(path: string): StackLog {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_MAX_BYTES) renameSync(path, `${path}.1`);
  const file = pino.destination({ dest: path, append: true, mode: 0o600, sync: true });
  chmodSync(path, 0o600);
  let closed = false;
  return {
    write(line) {
      if (!closed) file.write(line); // a straggler's last words are not worth a crash
    },
    close() {
      closed = true;
      file.end();
    },
  };
}
