import { resolve } from 'node:path';
import { z } from 'zod';
import { readSettings } from '#libs/server';

/** Ports that a stack takes from `TALLY_PORT` on; some are reserved for services that come later. */
export const PORT_COUNT = 11;

const schema = z.object({
  home: z.string().default('.tally'),
  port: z.coerce
    .number()
    .int()
    .min(1024)
    .max(65535 - PORT_COUNT + 1)
    .default(7100),
});

export interface StackSettings {
  /** Absolute path of the folder with everything that a stack keeps. */
  readonly home: string;
  /** The first of its ports. */
  readonly port: number;
}

/** `TALLY_HOME` and `TALLY_PORT`. @throws SettingsError */
export function loadSettings(env: NodeJS.ProcessEnv): StackSettings {
  const { home, port } = readSettings('TALLY_', schema, env);
  return { home: resolve(home), port };
}
