import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { RunningService } from '#libs/server';
import type { CaDeployment } from './running-ca.js';

/** Claims of somebody who signed in with a verified e-mail address. */
export const YOU = { sub: 'Cg0w', email: 'you@example.org', email_verified: true };

/** The key that certificates are asked for. */
export const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' });

export function publicKeyRequest(challenge: string, signer: KeyObject = KEY.privateKey): object {
  return {
    publicKey: { algorithm: 'ECDSA', content: KEY.publicKey.export({ type: 'spki', format: 'pem' }) },
    proofOfPossession: sign('sha256', Buffer.from(challenge), signer).toString('base64'),
  };
}

export async function requestFor({ issuer }: CaDeployment, claims: JWTPayload, challenge = YOU.email): Promise<object> {
  return {
    credentials: { oidcIdentityToken: await issuer.token(claims) },
    publicKeyRequest: publicKeyRequest(challenge),
  };
}

export function post(ca: RunningService, body: string | object, headers?: Record<string, string>): Promise<Response> {
  return fetch(`${ca.url}/api/v2/signingCert`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}
