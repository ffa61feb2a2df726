import { fetchIssuerMetadata, requestDevelopmentToken } from '#libs/client';
import { printResult, type Context } from '../context.js';
import { EXIT, Failure } from '../failure.js';
import { oidcIssuer } from '../signing-services.js';
import { loadTrust } from '../trust-config.js';

/** Near enough: the issuer looks closer. */
const EMAIL = /^[^@\s]+@[^@\s]+$/;
const TOKEN_ENDPOINT = 'tally_development_token_endpoint';

/** `tally token`: an ID token of anybody, which only the issuer of a development stack gives. */
export async function token({ email }: { readonly email: string }, context: Context): Promise<number> {
  if (!EMAIL.test(email)) throw new Failure('usage', `--email ${email} is not an e-mail address`);
  const { signal } = context.io;
  const issuer = oidcIssuer(await loadTrust(context), context.io.now());
  const { [TOKEN_ENDPOINT]: endpoint } = await fetchIssuerMetadata(issuer, { signal });
  if (typeof endpoint !== 'string') {
    throw new Failure(
      'usage',
      `the identity provider ${issuer} is not a development issuer: it gives tokens only to who signs in`,
      'tally sign FILE signs you in',
    );
  }
  const idToken = await requestDevelopmentToken(endpoint, email, { signal });
  printResult(context, { token: idToken, issuer, email }, `${idToken}\n`);
  return EXIT.done;
}
