import type { PolicyFile } from '../policy-file.js';
import type { Trust } from '../trust-config.js';

/** Where a log may be found: as the policy says, then the signing config, which names no origins. */
export function logAddresses(origin: string, { signingConfig }: Trust, policy: PolicyFile | undefined): string[] {
  const named = policy?.policy.logs.filter(({ key }) => key.name === origin).map(({ url }) => url) ?? [];
  const configured = signingConfig?.rekorTlogUrls.map(({ url }) => url) ?? [];
  return [...new Set([...named.filter((url) => url !== undefined), ...configured])];
}
