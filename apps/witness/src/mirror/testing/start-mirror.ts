import { createLogger, startService, type RunningService } from '#libs/server';
import type { MirrorOptions } from '../mirror-options.js';
import { MirrorModule } from '../mirror.module.js';
import type { EntryLog } from './entry-log.js';

export const MIRROR_NAME = 'mirror.example.org/m1';

/** A mirror of these logs on a free port, without the witness that is around it elsewhere. */
export function startMirror(
  logs: readonly EntryLog[],
  options: Omit<MirrorOptions, 'name' | 'logs'>,
): Promise<RunningService> {
  const mirrored = logs.map(({ origin, signer }) => ({ origin, keys: [signer.key] }));
  return startService(
    {
      name: 'mirror',
      config: { profile: 'development', host: '127.0.0.1', port: 0 },
      module: (context) => MirrorModule.with(async () => ({ ...options, name: MIRROR_NAME, logs: mirrored }), context),
      errors: () => 'plain',
      bodies: 'bytes',
    },
    createLogger('mirror', { write: () => undefined }),
  );
}
