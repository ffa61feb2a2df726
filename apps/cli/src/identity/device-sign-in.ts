import { initiateDeviceAuthorization, pollDeviceAuthorizationGrant } from 'openid-client';
import { note, type Context } from '../context.js';
import { Failure } from '../failure.js';
import { discoverIssuer, SCOPE, signInFailure } from './issuer.js';

/** Device authorization grant (RFC 8628): a code, to be entered on any machine that has a browser. The ID token. */
export async function signInByDevice(issuer: string, context: Context): Promise<string> {
  const { signal } = context.io;
  const config = await discoverIssuer(issuer, signal);
  if (config.serverMetadata().device_authorization_endpoint === undefined) {
    throw new Failure(
      'usage',
      `the identity provider ${issuer} has no device flow`,
      'sign in with the browser, or give --identity-token',
    );
  }
  try {
    const device = await initiateDeviceAuthorization(config, { scope: SCOPE });
    note(context, `To sign in, go to\n  ${device.verification_uri}\nand enter the code\n  ${device.user_code}`);
    if (device.verification_uri_complete !== undefined)
      note(context, `or go to\n  ${device.verification_uri_complete}`);
    const tokens = await pollDeviceAuthorizationGrant(config, device, undefined, { signal });
    if (tokens.id_token === undefined) throw new Error('the answer has no ID token');
    return tokens.id_token;
  } catch (cause) {
    signal.throwIfAborted();
    throw signInFailure(`the sign-in at ${issuer} failed`, cause);
  }
}
