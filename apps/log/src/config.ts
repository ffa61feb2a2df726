import { readSettings, serviceSettings } from '#libs/server';
import { z } from 'zod';

const settings = z.strictObject({
  ...serviceSettings,
  kind: z.enum(['rekor', 'ct']),
  /** The name of the log in its checkpoints: a bare host name. */
  origin: z.string().regex(/^[^\s+/:]{1,255}$/, 'should be a bare host name, at most 255 characters'),
  /** When the log begins: it can be created only within a day of it. */
  inception: z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
  dataDirectory: z.string().min(1),
  /** A KurrentDB connection string, for the events; without it they are in SQLite, in the data directory. */
  eventStoreUrl: z
    .string()
    .regex(/^kurrentdb(\+discover)?:\/\//, 'should begin with kurrentdb:// or kurrentdb+discover://')
    .optional(),
  keyFile: z.string().min(1),
  markFile: z.string().min(1),
  /** Whose cosignatures a checkpoint gets, rekor: needs; without it, checkpoints carry the log's own signature only. */
  policyFile: z.string().min(1).optional(),
  /** Multiaddrs, separated by spaces, where witnesses connect that the policy gives a peer ID of in the place of a URL. */
  p2pListen: z
    .string()
    .default('')
    .transform((text) => text.split(/\s+/).filter((address) => address !== '')),
  /** The libp2p key; default: `p2p.key` in the data directory. */
  p2pKeyFile: z.string().min(1).optional(),
  /** ct: the root certificates (PEM) whose certificates are logged. */
  rootsFile: z.string().min(1).optional(),
  /** Entries that may wait to be sequenced. */
  poolLimit: z.coerce.number().int().min(1).max(1_000_000).default(4096),
  checkpointIntervalMs: z.coerce.number().int().min(0).max(60_000).default(100),
  /** rekor, development only: `POST /add` takes any leaf, for load generators. */
  rawAdd: z.stringbool().optional(),
});

type Settings = z.infer<typeof settings>;

export interface LogConfig extends Omit<Settings, 'p2pListen'> {
  readonly p2pListen?: readonly string[];
}

/** @throws SettingsError */
export function loadConfig(env: NodeJS.ProcessEnv): LogConfig {
  const checked = settings
    .refine((config) => config.kind !== 'ct' || config.rootsFile !== undefined, {
      path: ['rootsFile'],
      message: 'a ct log needs it',
    })
    .refine((config) => !config.rawAdd || config.profile === 'development', {
      path: ['rawAdd'],
      message: 'a production log takes only what was verified',
    })
    .refine((config) => !config.rawAdd || config.kind === 'rekor', {
      path: ['rawAdd'],
      message: 'a ct log has no such leaves',
    });
  return readSettings('TALLY_LOG_', checked, env);
}
