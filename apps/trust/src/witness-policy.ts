import { ed25519Spki } from '#libs/crypto';
import { KEY_TYPE, parseVerifierKey } from '#libs/note';
import { formatPolicy, type TlogPolicy } from '#libs/tlog';
import type { Deployment } from './deployment.js';

/**
 * The C2SP tlog-policy of the deployment, for its signature log or for another of its logs. It names one log, the newest:
 * readers of the format disagree about whether several logs mean any or all of them.
 */
export function witnessPolicy({ rekorLogs, witnesses, quorum }: Deployment, log?: TlogPolicy['logs'][number]): string {
  const [newest] = [...rekorLogs].sort((one, other) => Date.parse(other.start) - Date.parse(one.start));
  const policed = log ?? (newest && { key: parseVerifierKey(newest.key), url: newest.url });
  const named = witnesses.map(({ key, url }) => ({ key: parseVerifierKey(key), url }));
  const group = { name: 'witnesses', threshold: quorum, members: named.map(({ key }) => key.name) };
  return formatPolicy({
    logs: policed ? [policed] : [],
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
