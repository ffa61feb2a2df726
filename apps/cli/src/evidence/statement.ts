import { toHex } from '#crypto';
import { leafPromise, statedTimeMs, type ProvenEvidence, type SignedHead } from '#libs/evidence';
import { formatVerifierKey, KEY_TYPE, type VerifierKey } from '#libs/note';
import { shownTime } from '../lines.js';

const KEY_TYPE_NAMES: Readonly<Record<number, string>> = {
  [KEY_TYPE.ed25519]: 'Ed25519',
  [KEY_TYPE.ecdsa]: 'ECDSA',
  [KEY_TYPE.cosignature]: 'Ed25519 cosignatures',
  [KEY_TYPE.rfc6962]: 'RFC 6962 tree heads',
  [KEY_TYPE.mlDsa44Cosignature]: 'ML-DSA-44',
};

export function keyTypeName({ type }: VerifierKey): string {
  return KEY_TYPE_NAMES[type] ?? `type ${type}`;
}

export function accusedJson(key: VerifierKey, role: string | undefined): object {
  return { role, name: key.name, keyId: toHex(key.id), keyType: keyTypeName(key), verifierKey: formatVerifierKey(key) };
}

/** What was signed. */
export function statementJson({ evidence, accused, heads }: ProvenEvidence): object {
  const trees = heads.map((head) => ({
    size: head.checkpoint.size,
    root: toHex(head.checkpoint.root),
    time: statedTime(head)?.toISOString(),
  }));
  const { kind, origin } = evidence;
  switch (kind) {
    case 'same-size':
      return { kind, origin, trees };
    case 'different-sizes':
      return { kind, origin, trees, rootOfLargerAtSmallerSize: toHex(evidence.root) };
    case 'leaf-index': {
      const { index, leafHash } = leafPromise(accused, evidence.sct, evidence.entry);
      return { kind, origin, trees, index, promisedLeafHash: toHex(leafHash), leafHash: toHex(evidence.leafHash) };
    }
  }
}

/** When a head says that it was signed; undefined for no time, or for one that no calendar has. */
export function statedTime(head: SignedHead): Date | undefined {
  const ms = statedTimeMs(head);
  const time = ms === undefined ? undefined : new Date(Number(ms));
  return time === undefined || Number.isNaN(time.getTime()) ? undefined : time;
}

export function statedTimeShown(head: SignedHead): string {
  const time = statedTime(head);
  return time ? shownTime(time) : 'no time stated';
}
