import { ed25519Spki } from '#libs/crypto';
import { KEY_TYPE, parseVerifierKey } from '#libs/note';
import { formatPolicy } from '#libs/tlog';
import type { Deployment } from './deployment.js';

/**
 * The C2SP tlog-policy of the deployment. It names one log, the newest: readers of the format disagree about whether
 * several logs mean any or all of them.
 */
export function witnessPolicy({ rekorLogs, witnesses, quorum }: Deployment): string {
  const newest = [...rekorLogs].sort((one, other) => Date.parse(other.start) - Date.parse(one.start)).slice(0, 1);
  const named = witnesses.map(({ key, url }) => ({ key: parseVerifierKey(key), url }));
  const group = { name: 'witnesses', threshold: quorum, members: named.map(({ key }) => key.name) };
  return formatPolicy({
    logs: newest.map(({ key, url }) => ({ key: parseVerifierKey(key), url })),
    witnesses: named.map(({ key, url }) => ({ name: key.name, key, url })),
    groups: quorum === 0 ? [] : [group],
    quorum: quorum === 0 ? 'none' : group.name,
  });
}

/** The keys of the witnesses as every other key is written: an Ed25519 key under another name is the same key. */
export function witnessKeys({ witnesses }: Deployment): { name: string; spki: Uint8Array }[] {
  return witnesses.map(({ key }) => {
    const { name, type, publicKey } = parseVerifierKey(key);
    return { name, spki: type === KEY_TYPE.cosignature ? ed25519Spki(publicKey) : publicKey };
  });
}
