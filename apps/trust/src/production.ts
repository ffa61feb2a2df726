import { toHex } from '#crypto';
import type { Deployment } from './deployment.js';
import { trustedRoot } from './trusted-root.js';
import { witnessKeys } from './witness-policy.js';

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * What in a deployment must not be in production: plain http, loopback addresses, names of a development stack, and one
 * key in two roles.
 */
export function productionProblems(deployment: Deployment): string[] {
  const { trustUrl, rekorLogs, ctLogs, certificateAuthorities, timestampAuthorities, issuers, witnesses } = deployment;
  const services = [rekorLogs, ctLogs, certificateAuthorities, timestampAuthorities, issuers, witnesses].flat();
  const urls = [trustUrl, ...services.map(({ url }) => url)];
  const names = [ctLogs, certificateAuthorities, timestampAuthorities].flat().map(({ name }) => name);
  const keyNames = [rekorLogs, witnesses].flat().map(({ key }) => key.split('+')[0] ?? '');
  return [
    ...urls.filter((url) => !url.startsWith('https://')).map((url) => `${url} is not https`),
    ...urls.filter((url) => LOOPBACK.test(new URL(url).hostname)).map((url) => `${url} is a loopback address`),
    ...[...names, ...keyNames]
      .filter((name) => name.endsWith('.tally.localhost'))
      .map((name) => `${name} is the name of a development stack`),
    ...keysInTwoRoles(deployment),
  ];
}

function keysInTwoRoles(deployment: Deployment): string[] {
  const { tlogs, ctlogs, certificateAuthorities, timestampAuthorities } = trustedRoot(deployment);
  const keys = [
    ...[...tlogs, ...ctlogs].map(({ baseUrl, publicKey }) => ({ owner: baseUrl, spki: publicKey.spki })),
    ...[...certificateAuthorities, ...timestampAuthorities].flatMap(({ uri, chain }) =>
      chain.map(({ publicKey }) => ({ owner: uri, spki: publicKey.spki })),
    ),
    ...witnessKeys(deployment).map(({ name, spki }) => ({ owner: name, spki })),
  ];
  const owners = new Map<string, string>();
  return keys.flatMap(({ owner, spki }) => {
    const key = toHex(spki);
    const first = owners.get(key);
    owners.set(key, owner);
    return first === undefined ? [] : [`${first} and ${owner} have the same key`];
  });
}
