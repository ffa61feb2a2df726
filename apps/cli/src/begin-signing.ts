import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { unreadable } from './artifact.js';
import { note, type Context } from './context.js';
import { resolveIdentity, type IdentityOptions } from './identity/resolve-identity.js';
import { loadPolicy } from './policy-file.js';
import { certify, type SigningContext, type SigningIdentity } from './signing.js';
import { oidcIssuer, signingServices } from './signing-services.js';
import { loadTrust, type Trust } from './trust-config.js';

/**
 * All that has to be there before a signature: the files first, then trust, identity and certificate, so that nobody
 * signs in to be told of a misspelt name.
 * @throws Failure, ServiceError
 */
export async function beginSigning(
  files: readonly string[],
  options: IdentityOptions,
  context: Context,
  trustConfig?: Trust,
): Promise<SigningContext & { readonly identity: SigningIdentity }> {
  const { io } = context;
  for (const file of files) {
    await access(resolve(io.cwd, file), constants.R_OK).catch((cause: unknown) => {
      throw unreadable(file, cause);
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
