import type { PublicKey } from '#libs/crypto';
import { KEY_TYPE, verifierKey, type VerifierKey } from '#libs/note';
import type { TransparencyLog, TrustedRoot } from '#libs/verify';

/** The keys that sign the checkpoints of every trusted log. */
export function logKeys({ tlogs, ctlogs }: Pick<TrustedRoot, 'tlogs' | 'ctlogs'>): VerifierKey[] {
  return [
    ...tlogs.flatMap(tlogKeys),
    // static-ct-api: what signs a CT log's checkpoints is its RFC 6962 tree head.
    ...ctlogs.flatMap(({ baseUrl, publicKey }) => keys(baseUrl, { type: KEY_TYPE.rfc6962, key: publicKey.spki })),
  ];
}

/** The same of one log that is no CT log. */
export function tlogKeys({ baseUrl, publicKey }: TransparencyLog): VerifierKey[] {
  return keys(baseUrl, signedNoteKey(publicKey));
}

/** Rekor v1 logs with RSA keys sign no checkpoints that the field reads. */
function signedNoteKey({ algorithm, raw, spki }: PublicKey): { type: number; key: Uint8Array } | undefined {
  if (algorithm === 'ed25519') return { type: KEY_TYPE.ed25519, key: raw };
  return algorithm.startsWith('ecdsa-') ? { type: KEY_TYPE.ecdsa, key: spki } : undefined;
}

function keys(baseUrl: string, key: { type: number; key: Uint8Array } | undefined): VerifierKey[] {
  if (key === undefined || !URL.canParse(baseUrl)) return [];
  const { hostname, host, pathname } = new URL(baseUrl);
  // Sigstore names a log by its host, tlog-checkpoint by its URL without the scheme.
  const names = new Set([hostname, `${host}${pathname}`.replace(/\/$/, '')]);
  return [...names].map((name) => verifierKey(name, key.type, key.key));
}
