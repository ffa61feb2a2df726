import type { ServiceSelection, ServiceUrl, SigningConfig } from '#libs/verify';
import { Failure } from './failure.js';
import type { Trust } from './trust-config.js';

/** The one address of each service to use now, where the config asks for more than one log or TSA: those. */
export interface SigningServices {
  readonly ca: string;
  readonly logs: readonly string[];
  readonly tsas: readonly string[];
}

// Fulcio's major API version is 1 although its path says v2; of Rekor we speak v2.
const CA_VERSION = 1;
const OIDC_VERSION = 1;
const LOG_VERSION = 2;
const TSA_VERSION = 1;

/** @throws Failure no-trust */
export function signingServices(trust: Trust, now: Date): SigningServices {
  const config = signingConfig(trust);
  return {
    ca: one('certificate authority', config.caUrls, CA_VERSION, now, trust),
    logs: several('Rekor v2 log', config.rekorTlogUrls, LOG_VERSION, config.rekorTlogConfig, now, trust),
    tsas: several('timestamp authority', config.tsaUrls, TSA_VERSION, config.tsaConfig, now, trust),
  };
}

/** The log to look at when none is named. @throws Failure no-trust */
export function logUrl(trust: Trust, now: Date): string {
  return one('Rekor v2 log', signingConfig(trust).rekorTlogUrls, LOG_VERSION, now, trust);
}

/** Where people sign in. @throws Failure no-trust */
export function oidcIssuer(trust: Trust, now: Date): string {
  return one('identity provider', signingConfig(trust).oidcUrls, OIDC_VERSION, now, trust);
}

function signingConfig(trust: Trust): SigningConfig {
  if (trust.signingConfig !== undefined) return trust.signingConfig;
  throw new Failure(
    'no-trust',
    `${trust.source} has no signing config: it says whom to trust, not where the services are`,
    'give a whole trust.json (ClientTrustConfig) with --trust-config',
  );
}

/** Those valid now, of our version; the newest first, one of each operator. */
function candidates(
  what: string,
  urls: readonly ServiceUrl[],
  version: number,
  now: Date,
  trust: Trust,
): [string, ...string[]] {
  const operators = new Set<string>();
  const [first, ...others] = urls
    .filter(
      ({ majorApiVersion, validFor: { start, end } }) =>
        majorApiVersion === version && start <= now && (end === undefined || now <= end),
    )
    .toSorted((a, b) => b.validFor.start.getTime() - a.validFor.start.getTime())
    .filter(({ operator }) => operator === '' || (!operators.has(operator) && operators.add(operator)))
    .map(({ url }) => url);
  if (first !== undefined) return [first, ...others];
  throw new Failure(
    'no-trust',
    `the signing config in ${trust.source} has no ${what} that is valid now`,
    'get a fresh one from the operator of the deployment',
  );
}

function one(what: string, urls: readonly ServiceUrl[], version: number, now: Date, trust: Trust): string {
  return candidates(what, urls, version, now, trust)[0];
}

function several(
  what: string,
  urls: readonly ServiceUrl[],
  version: number,
  choice: ServiceSelection,
  now: Date,
  trust: Trust,
): string[] {
  const found = candidates(what, urls, version, now, trust);
  switch (choice.selector) {
    case 'ALL':
      return found;
    case 'EXACT': {
      const { count } = choice;
      if (found.length >= count) return found.slice(0, count);
      throw new Failure(
        'no-trust',
        `the signing config in ${trust.source} asks for ${count} services of kind ${what}, it has ${found.length}`,
      );
    }
    case 'ANY':
      return found.slice(0, 1);
  }
}
