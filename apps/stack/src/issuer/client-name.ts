import type { IncomingMessage } from 'node:http';
import { hasMediaType } from './request-body.js';

const NO_PASSWORD = /^([\w.~-]{1,64}):$/;

/**
 * A client without a password may name itself by HTTP Basic with an empty one (RFC 6749 §2.3.1), as sigstore-python and
 * Go's oauth2 do. The provider takes the name of such a client from the form only, so it is put there.
 * Call it before anybody reads the body; what is anything else is left as it is.
 */
export function moveClientNameIntoForm(request: IncomingMessage): void {
  const [scheme, credentials] = request.headers.authorization?.split(' ') ?? [];
  if (scheme?.toLowerCase() !== 'basic' || credentials === undefined) return;
  const name = NO_PASSWORD.exec(Buffer.from(credentials, 'base64').toString('latin1'))?.[1];
  if (name === undefined || !hasMediaType(request, 'application/x-www-form-urlencoded')) return;

  const field = Buffer.from(`client_id=${name}&`);
  request.unshift(field);
  const { 'content-length': length } = request.headers;
  if (length !== undefined) request.headers['content-length'] = String(Number(length) + field.length);
  delete request.headers.authorization;
}
