import { access, constants } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { unreadable } from './artifact.js';
import { unwritable } from './bundle-file.js';
import { note, type Context } from './context.js';
import { resolveIdentity, type IdentityOptions } from './identity/resolve-identity.js';
import { loadPolicy } from './policy-file.js';
import { certify, type SigningContext, type SigningIdentity } from './signing.js';
import { oidcIssuer, signingServices } from './signing-services.js';
import { loadTrust, type Trust } from './trust-config.js';

export interface FilesOfSigning {
  readonly read: readonly string[];
  /** The bundles to be: a log entry whose bundle nobody could write would stay for ever. */
  readonly write: readonly string[];
}

/**
 * All that has to be there before a signature: the files first, then trust, identity and certificate, so that nobody
 * signs in to be told of a misspelt name.
 * @throws Failure, ServiceError
 */
export async function beginSigning(
  files: FilesOfSigning,
  options: IdentityOptions,
  context: Context,
  trustConfig?: Trust,
): Promise<SigningContext & { readonly identity: SigningIdentity }> {
  const { io } = context;
  for (const file of files.read) {
    await access(resolve(io.cwd, file), constants.R_OK).catch((cause: unknown) => {
      throw unreadable(file, cause);
    });
  }
  for (const bundle of files.write) {
    await access(dirname(resolve(io.cwd, bundle)), constants.W_OK).catch((cause: unknown) => {
      throw unwritable(bundle, cause);
    });
  }
  const trust = trustConfig ?? (await loadTrust(context));
  const signing = {
    trust,
    services: signingServices(trust, io.now()),
    policy: await loadPolicy(trust, {}, context),
    context,
  };
  const token = await resolveIdentity(options, () => oidcIssuer(trust, io.now()), context);
  if (token.expires !== undefined && token.expires < io.now()) {
    note(context, `the identity token expired at ${token.expires.toISOString()}: expect it to be refused`);
  }
  return { ...signing, identity: await certify(token, signing) };
}
