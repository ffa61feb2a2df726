import { utf8Decode, utf8Encode } from '#libs/crypto';
import {
  KEY_TYPE,
  NoteError,
  formatNote,
  isKeyName,
  isSameKey,
  noteVerifier,
  openNote,
  signNote,
  verifierKey,
} from '#libs/note';
import type { NoteSignature, VerifierKey } from '#libs/note';
import { P2pError } from './p2p-error.js';

/** Nobody needs more addresses than this, and hellos stay small. */
export const BINDING_MAX_ADDRESSES = 16;
export const BINDING_MAX_BYTES = 8 * 1024;
const ADDRESS_MAX_CHARACTERS = 256;

// A witness's key signs cosignatures: messages that begin with the line "cosignature/v1". A binding is signed by the same
// key material, directly over the text of the note, as Ed25519 (0x01) under the name `<witness name>/peer-binding`: a name,
// type and key ID that no checkpoint and no cosignature has. What is signed begins with the line
// `<witness name>/peer-binding/v1`, which can be no other message's first line: it isn't "cosignature/v1" (nor
// "subtree/v1\n"), whatever the name is, because it ends with "/peer-binding/v1"; as a checkpoint its second line would have
// to be a decimal size, and it is a peer ID, which always holds letters. Names that begin like another message are refused
// all the same.
const SUFFIX = '/peer-binding';
const OTHER_MESSAGES = ['cosignature/', 'subtree/', 'noise-libp2p-static-key:', 'libp2p-'];
const PEER_ID = /^(?:12D3KooW|16Uiu2HA|Qm)[1-9A-HJ-NP-Za-km-z]{38,52}$/;
const SECONDS = /^(?:0|[1-9][0-9]{0,11})$/;

export interface PeerBinding {
  /** The configured key of the witness. */
  readonly witness: VerifierKey;
  readonly peerId: string;
  readonly addresses: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The key that a witness's bindings are verified with. @throws P2pError invalid-binding for a key that can't sign them */
export function peerBindingKey(witness: VerifierKey): VerifierKey {
  if (witness.type !== KEY_TYPE.cosignature && witness.type !== KEY_TYPE.ed25519) {
    throw invalid(`the key of ${witness.name} is of type ${witness.type}; only Ed25519 keys (1, 4) sign peer bindings`);
  }
  if (OTHER_MESSAGES.some((prefix) => witness.name.startsWith(prefix))) {
    throw invalid(`${witness.name} begins like a message of another kind, so it can't stand in a peer binding`);
  }
  return verifierKey(`${witness.name}${SUFFIX}`, KEY_TYPE.ed25519, witness.publicKey);
}

/**
 * The note by which a witness says that a peer is its own: `<witness name>/peer-binding/v1`, peer ID, addresses in one
 * line, `<notBefore> <notAfter>` in seconds since 1970.
 * `sign` makes the Ed25519 signature of the witness's key over exactly these bytes.
 * @throws P2pError invalid-binding if what it should say can't be said
 */
export async function formatPeerBinding(
  binding: PeerBinding,
  sign: (text: Uint8Array) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const key = peerBindingKey(binding.witness);
  const text = bindingText(binding);
  const note = formatNote(await signNote(text, [{ key, sign }]));
  // Opened at once: a wrong key or a name that doesn't survive is better found here than by every peer.
  openPeerBinding(note, { witnesses: [binding.witness], peerId: binding.peerId, at: binding.notBefore });
  return note;
}

/**
 * Opens the binding of the peer at the other end of a connection.
 * @throws P2pError invalid-binding, binding-expired
 */
export function openPeerBinding(
  bytes: Uint8Array,
  expected: { readonly witnesses: readonly VerifierKey[]; readonly peerId: string; readonly at: Date },
): PeerBinding {
  if (bytes.length > BINDING_MAX_BYTES) throw invalid(`it has ${bytes.length} bytes, over ${BINDING_MAX_BYTES}`);
  const keys = expected.witnesses.flatMap((witness) => bindingKeys(witness));
  const { text, signature } = opened(bytes, keys);
  const witness = keys.find(({ key }) => isSameKey(signature, { name: key.name, keyId: key.id }))?.witness;
  if (witness === undefined) throw invalid('no configured witness signed it');

  const lines = utf8Decode(text).split('\n');
  const [title, peerId = '', addresses = '', period = '', ...rest] = lines;
  if (title !== `${witness.name}${SUFFIX}/v1`) throw invalid(`its first line is not ${witness.name}${SUFFIX}/v1`);
  if (rest.length !== 1 || rest[0] !== '') throw invalid('it should have four lines');
  if (peerId !== expected.peerId) throw invalid(`it is for peer ${peerId}, not ${expected.peerId}`);
  const [notBefore = '', notAfter = '', ...more] = period.split(' ');
  if (!SECONDS.test(notBefore) || !SECONDS.test(notAfter) || more.length > 0) throw invalid('its period is malformed');
  const binding: PeerBinding = {
    witness,
    peerId,
    addresses: addresses === '' ? [] : addresses.split(' '),
    notBefore: new Date(Number(notBefore) * 1000),
    notAfter: new Date(Number(notAfter) * 1000),
  };
  requireBinding(binding);
  if (expected.at < binding.notBefore || expected.at > binding.notAfter) {
    throw new P2pError(
      'binding-expired',
      `the peer binding of ${witness.name} holds from ${binding.notBefore.toISOString()} to ${binding.notAfter.toISOString()}, not at ${expected.at.toISOString()}`,
    );
  }
  return binding;
}

function bindingText(binding: PeerBinding): Uint8Array {
  requireBinding(binding);
  const [from, to] = [binding.notBefore, binding.notAfter].map((date) => Math.floor(date.getTime() / 1000));
  return utf8Encode(
    `${binding.witness.name}${SUFFIX}/v1\n${binding.peerId}\n${binding.addresses.join(' ')}\n${from} ${to}\n`,
  );
}

function requireBinding(binding: PeerBinding): void {
  if (!isKeyName(binding.witness.name)) throw invalid(`${binding.witness.name} is not a key name`);
  if (!PEER_ID.test(binding.peerId)) throw invalid(`${binding.peerId} is not a peer ID`);
  if (binding.addresses.length > BINDING_MAX_ADDRESSES) throw invalid(`it has over ${BINDING_MAX_ADDRESSES} addresses`);
  for (const address of binding.addresses) {
    if (!/^\/[\x21-\x7e]+$/.test(address) || address.length > ADDRESS_MAX_CHARACTERS) {
      throw invalid(`${JSON.stringify(address)} is not a multiaddr`);
    }
  }
  if (!(binding.notBefore.getTime() <= binding.notAfter.getTime())) throw invalid('its period ends before it begins');
}

function bindingKeys(witness: VerifierKey): { witness: VerifierKey; key: VerifierKey }[] {
  // A configured witness with a key that can't sign bindings has none; that is no reason to fail another's.
  try {
    return [{ witness, key: peerBindingKey(witness) }];
  } catch {
    return [];
  }
}

function opened(
  bytes: Uint8Array,
  keys: readonly { key: VerifierKey }[],
): { text: Uint8Array; signature: NoteSignature } {
  try {
    const { note, verified } = openNote(
      bytes,
      keys.map(({ key }) => noteVerifier(key)),
    );
    const [signature] = verified;
    if (signature === undefined || note.signatures.length !== 1) throw invalid('it should have exactly one signature');
    return { text: note.text, signature };
  } catch (cause) {
    if (cause instanceof NoteError) throw invalid(cause.message, { cause });
    throw cause;
  }
}

function invalid(problem: string, options?: ErrorOptions): P2pError {
  return new P2pError('invalid-binding', `peer binding: ${problem}`, options);
}
