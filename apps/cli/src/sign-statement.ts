import { sign } from 'node:crypto';
import { sha256 } from '#crypto';
import { IN_TOTO_PAYLOAD_TYPE, pae } from '#libs/entry';
import { writeBundle } from './bundle-file.js';
import type { SignedFile } from './signed-file.js';
import { log, type SigningContext, type SigningIdentity } from './signing.js';

/** Signs an in-toto statement in a DSSE envelope, logged by the hash of what is signed: Rekor v2 has no kind for envelopes. */
export async function signStatement(
  statement: { readonly payload: Uint8Array; readonly artifact: Uint8Array; readonly file: string },
  bundlePath: string,
  identity: SigningIdentity,
  signing: SigningContext,
): Promise<SignedFile> {
  const message = pae(IN_TOTO_PAYLOAD_TYPE, statement.payload);
  const signature = new Uint8Array(sign('sha256', message, identity.key));
  const envelope = {
    payloadType: IN_TOTO_PAYLOAD_TYPE,
    payload: statement.payload,
    signatures: [{ sig: signature, keyid: '' }],
  };
  const { bundle, ...verified } = await log(
    identity,
    { digest: sha256(message), signature, content: { kind: 'dsse', envelope }, artifact: statement.artifact },
    signing,
  );
  await writeBundle(bundlePath, bundle, signing.context);
  return { file: statement.file, bundlePath, ...verified };
}
