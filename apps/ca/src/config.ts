import { z } from 'zod';
import { readSettings, serviceSettings } from '#libs/server';

const caSettings = z.strictObject({
  ...serviceSettings,
  /** Key file (libs/signer) with role `ca`. */
  keyFile: z.string(),
  keyAlgorithm: z.enum(['ecdsa-p256', 'ecdsa-p384']).default('ecdsa-p256'),
  /** File with the passphrase of the key file; without it the key is not encrypted. */
  keyPassphraseFile: z.string().optional(),
  /** PEM: the certificate of the key first, the root last. */
  certificateChainFile: z.string(),
  /** See the README. */
  issuersFile: z.string(),
  ctLogUrl: z.url({ protocol: /^https?$/ }),
  /** PEM, SubjectPublicKeyInfo. */
  ctLogPublicKeyFile: z.string(),
  /** The event store is `events.sqlite` in it. */
  dataDirectory: z.string(),
});

export type CaConfig = Readonly<z.infer<typeof caSettings>>;

/** @throws SettingsError */
export function loadConfig(env: NodeJS.ProcessEnv): CaConfig {
  return readSettings('TALLY_CA_', caSettings, env);
}
