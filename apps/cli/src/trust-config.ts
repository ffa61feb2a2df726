import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { utf8Decode } from '#libs/crypto';
import { parseClientTrustConfig, parseTrustedRoot, type SigningConfig, type TrustedRoot } from '#libs/verify';
import { unreadable } from './artifact.js';
import type { Context } from './context.js';
import { Failure, reasonOf } from './failure.js';

/** Whom a user trusts, and where that was written. */
export interface Trust {
  /** File or URL, for messages and for what lies beside it. */
  readonly source: string;
  readonly trustedRoot: TrustedRoot;
  /** Undefined when the source is a bare trusted_root.json: enough to verify, not to sign. */
  readonly signingConfig: SigningConfig | undefined;
  /** The parts exactly as they were written, for other clients. */
  readonly json: { readonly trustedRoot: unknown; readonly signingConfig: unknown };
}

const DEVELOPMENT_DOMAIN = '.tally.localhost';

/** Every key behind such an origin is on one machine, under one owner. */
export function isDevelopmentOrigin(origin: string): boolean {
  return origin.endsWith(DEVELOPMENT_DOMAIN);
}

export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** --trust-config, else TALLY_TRUST_CONFIG, else $TALLY_HOME/trust.json. @throws Failure no-trust, ServiceError */
export async function loadTrust(context: Context, offline = false): Promise<Trust> {
  const source = trustSource(context);
  const bytes = isUrl(source) ? await download(source, offline, context) : await readTrustFile(source, context);
  const trust = parseTrust(source, bytes);
  if (isFoundHere(context)) requireDevelopment(trust);
  return trust;
}

/** Nobody named it: it lies in the working directory, and may have come with the very files that are to be verified. */
function isFoundHere({ trustConfig, io: { env } }: Context): boolean {
  return !trustConfig && !env.TALLY_TRUST_CONFIG && !env.TALLY_HOME;
}

/** What a development stack proves is shown as such; whatever else is trusted has to be named. @throws Failure no-trust */
function requireDevelopment({ source, trustedRoot }: Trust): void {
  if (trustedRoot.tlogs.every(({ baseUrl }) => isDevelopmentOrigin(new URL(baseUrl).hostname))) return;
  throw new Failure(
    'no-trust',
    `${source} is not that of a development stack, and nobody named it: it could have come with the files here`,
    'if it is yours, give it with --trust-config, or set TALLY_HOME',
  );
}

/** The same where it is not needed: undefined when none is named and there is no local stack. @throws as `loadTrust` */
export function findTrust(context: Context): Promise<Trust | undefined> {
  return namedTrust(context) === undefined ? Promise.resolve(undefined) : loadTrust(context);
}

/** The bytes of trust material. @throws Failure no-trust */
export async function readTrustFile(path: string, context: Context): Promise<Uint8Array> {
  try {
    return await readFile(resolve(context.io.cwd, path));
  } catch (cause) {
    throw new Failure('no-trust', unreadable(path, cause).message, undefined, { cause });
  }
}

/** @throws Failure no-trust */
export function parseTrustPart<T>(source: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new Failure('no-trust', `${source} is not a ${what}: ${reasonOf(cause)}`, undefined, { cause });
  }
}

function trustSource(context: Context): string {
  const named = namedTrust(context);
  if (named !== undefined) return named;
  throw new Failure(
    'no-trust',
    `no trust config: neither --trust-config nor TALLY_TRUST_CONFIG is given, and there is no ${localTrust(context)}`,
    'the operator of a deployment publishes its trust.json: give its file or URL with --trust-config.\n' +
      'For a local stack: npm start, then run tally in the same folder, or set TALLY_HOME',
  );
}

function namedTrust(context: Context): string | undefined {
  const { env, cwd } = context.io;
  const given = context.trustConfig ?? env.TALLY_TRUST_CONFIG;
  if (given !== undefined && given !== '') return given;
  const local = localTrust(context);
  return existsSync(resolve(cwd, local)) ? local : undefined;
}

function localTrust({ io }: Context): string {
  return join(io.env.TALLY_HOME || '.tally', 'trust.json');
}

function parseTrust(source: string, bytes: Uint8Array): Trust {
  return parseTrustPart(source, 'trust config', () => {
    const json: unknown = JSON.parse(utf8Decode(bytes));
    // A bare trusted root is what many deployments publish; it has everything that verifying needs.
    if (isObject(json) && json.trustedRoot === undefined && json.tlogs !== undefined) {
      const trustedRoot = parseTrustedRoot(json);
      return { source, trustedRoot, signingConfig: undefined, json: { trustedRoot: json, signingConfig: undefined } };
    }
    const parts = parseClientTrustConfig(json);
    const { trustedRoot, signingConfig } = json as Record<keyof typeof parts, unknown>;
    return { source, ...parts, json: { trustedRoot, signingConfig } };
  });
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null;
}

async function download(url: string, offline: boolean, context: Context): Promise<Uint8Array> {
  if (offline) {
    throw new Failure(
      'no-trust',
      `--offline, and the trust config is at ${url}`,
      'save it to a file and give that with --trust-config',
    );
  }
  const { fetchTrustMaterial } = await import('#libs/client');
  const bytes = await fetchTrustMaterial(url, { signal: context.io.signal });
  if (bytes === undefined) throw new Failure('no-trust', `there is no trust config at ${url}`);
  return bytes;
}

/** The file or URL of this name beside the trust config. */
export function besideTrust(trust: Trust, name: string): string {
  return isUrl(trust.source) ? new URL(name, trust.source).href : join(dirname(trust.source), name);
}
