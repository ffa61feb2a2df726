import { ed25519Spki, equalBytes } from '#libs/crypto';
import { KEY_TYPE } from '#libs/note';
import { quorumDemand } from '#libs/verify';
import type { Context } from '../context.js';
import { EXIT } from '../failure.js';
import type { PolicyFile } from '../policy-file.js';
import { oidcIssuer, signingServices } from '../signing-services.js';
import { isDevelopmentOrigin, type Trust } from '../trust-config.js';
import { fail, finding, ok, warn, type Finding } from './finding.js';

const NODE_MAJOR = 24;

export function checkNode(): Finding {
  const { node } = process.versions;
  return Number(node.split('.')[0]) >= NODE_MAJOR
    ? ok('node', node)
    : fail('node', `${node} is too old`, `install Node ${NODE_MAJOR} or newer`, EXIT.usage);
}

/** Whether anything is left of the trust: its keys have dates. */
export function checkTrust(trust: Trust, context: Context): Promise<Finding> {
  return finding('trust config', context, () => {
    const now = context.io.now();
    const { tlogs, ctlogs, certificateAuthorities, timestampAuthorities } = trust.trustedRoot;
    const kinds = { log: tlogs, 'ct log': ctlogs, CA: certificateAuthorities, TSA: timestampAuthorities };
    const stale = Object.entries(kinds)
      .filter(([, list]) => !list.some(({ validFor: { start, end } }) => start <= now && (!end || now <= end)))
      .map(([kind]) => kind);
    if (stale.length > 0) {
      const next = 'get a fresh one from the operator of the deployment';
      return fail(
        'trust config',
        `${trust.source} has no ${stale.join(', no ')} that is valid now`,
        next,
        EXIT['no-trust'],
      );
    }
    const development = tlogs.some(({ baseUrl }) => isDevelopmentOrigin(new URL(baseUrl).hostname));
    return development
      ? warn('trust config', `${trust.source}: development trust`, 'good for trying out: one owner has all keys')
      : ok('trust config', trust.source);
  });
}

export function checkSigningConfig(trust: Trust, context: Context): Promise<Finding> {
  return finding('signing config', context, () => {
    const { ca, logs, tsas } = signingServices(trust, context.io.now());
    const issuer = oidcIssuer(trust, context.io.now());
    return ok('signing config', [ca, ...logs, ...tsas, issuer].join(', '));
  });
}

/** The policy speaks of the logs that are trusted, by the same keys. */
export function checkPolicy(trust: Trust, policy: PolicyFile | undefined): Finding {
  if (policy === undefined) {
    return warn(
      'policy',
      'there is no tlog-policy: tally verify demands no witness',
      'put the deployment’s tlog-policy beside its trust config',
    );
  }
  const { logs } = policy.policy;
  const trusted = trust.trustedRoot.tlogs;
  const stranger = logs.find(({ key }) => {
    const spki = key.type === KEY_TYPE.ed25519 ? ed25519Spki(key.publicKey) : key.publicKey;
    return !trusted.some(
      ({ baseUrl, publicKey }) => new URL(baseUrl).hostname === key.name && equalBytes(publicKey.spki, spki),
    );
  });
  if (stranger !== undefined) {
    const next = 'is it the policy of this deployment?';
    return fail(
      'policy',
      `${policy.source} is about ${stranger.key.name}, which ${trust.source} does not trust`,
      next,
      EXIT['no-trust'],
    );
  }
  return ok('policy', `${policy.source}: tally verify demands the quorum ${quorumDemand(policy.policy)}`);
}
