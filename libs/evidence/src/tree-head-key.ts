import { equalBytes } from '#libs/crypto';
import { KEY_TYPE, type VerifierKey } from '#libs/note';

/**
 * What is wrong when one RFC 6962 key is trusted for two logs: its tree heads don't say which log they are of (RFC 6962 §3.5;
 * a log is its key, §3.2), so what is consistent for each of them looks like two histories of one.
 */
export function sharedTreeHeadKey(keys: readonly VerifierKey[]): string | undefined {
  const treeHeadKeys = keys.filter(({ type }) => type === KEY_TYPE.rfc6962);
  for (const [i, { name, publicKey }] of treeHeadKeys.entries()) {
    const other = treeHeadKeys.slice(0, i).find((one) => one.name !== name && equalBytes(one.publicKey, publicKey));
    if (other)
      return `${other.name} and ${name} have one RFC 6962 key: what it signs is of either, each log needs its own`;
  }
  return undefined;
}
