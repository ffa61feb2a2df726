import { z } from 'zod';
import { readSettings, serviceSettings } from '#libs/server';

const tsaSettings = z.strictObject({
  ...serviceSettings,
  /** Key file (libs/signer) with role `tsa`. */
  keyFile: z.string(),
  keyAlgorithm: z.enum(['ecdsa-p256', 'ecdsa-p384']).default('ecdsa-p256'),
  /** File with the passphrase of the key file; without it the key is not encrypted. */
  keyPassphraseFile: z.string().optional(),
  /** PEM: the certificate of the key first, the root last. */
  certificateChainFile: z.string(),
  /** The policy under which timestamps are given, and the only one that may be asked for. Sigstore's by default. */
  policy: z
    .string()
    .regex(/^[0-2](\.(0|[1-9]\d*))+$/, 'it should be a dotted object identifier')
    .default('1.3.6.1.4.1.57264.2'),
});

export type TsaConfig = Readonly<z.infer<typeof tsaSettings>>;

/** @throws SettingsError */
export function loadConfig(env: NodeJS.ProcessEnv): TsaConfig {
  return readSettings('TALLY_TSA_', tsaSettings, env);
}
