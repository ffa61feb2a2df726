import { utf8Decode } from '#libs/crypto';
import { parseSigningConfig, parseTrustedRoot } from '#libs/verify';
import type { Context } from './context.js';
import { Failure } from './failure.js';
import { loadTrust, parseTrustPart, readTrustFile, type Trust } from './trust-config.js';

export interface ConformanceTrustOptions {
  readonly staging?: boolean;
  readonly trustedRoot?: string;
  readonly signingConfig?: string;
}

/** The parts given by --trusted-root and --signing-config; what is not given comes from the trust config. */
export async function conformanceTrust(options: ConformanceTrustOptions, context: Context): Promise<Trust> {
  if (options.staging && options.trustedRoot === undefined) {
    throw new Failure(
      'no-trust',
      'the trusted root of the staging instance is not shipped',
      'give it with --trusted-root',
    );
  }
  const rootJson = await read(options.trustedRoot, context);
  const configJson = await read(options.signingConfig, context);
  const base = rootJson === undefined ? await loadTrust(context) : undefined;
  const source = options.trustedRoot ?? base?.source ?? '';
  return {
    source,
    trustedRoot: base?.trustedRoot ?? parseTrustPart(source, 'trusted root', () => parseTrustedRoot(rootJson)),
    signingConfig:
      options.signingConfig === undefined
        ? base?.signingConfig
        : parseTrustPart(options.signingConfig, 'signing config', () => parseSigningConfig(configJson)),
    json: { trustedRoot: rootJson ?? base?.json.trustedRoot, signingConfig: configJson ?? base?.json.signingConfig },
  };
}

async function read(path: string | undefined, context: Context): Promise<unknown> {
  if (path === undefined) return undefined;
  const bytes = await readTrustFile(path, context);
  return parseTrustPart(path, 'JSON file', (): unknown => JSON.parse(utf8Decode(bytes)));
}
