import { readMessage, type MessageReader, type MessageRules } from '#libs/entry';
import { formatTimeRange, readValidFor, type TimeRange } from './time-range.js';
import { TrustError } from './trust-error.js';

const SIGNING_CONFIG_MEDIA_TYPE = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';

const SERVICES_MAX = 1000;

/** dev.sigstore.trustroot.v1.SigningConfig: which services to sign with, and how many of each. */
export interface SigningConfig {
  readonly caUrls: readonly ServiceUrl[];
  readonly oidcUrls: readonly ServiceUrl[];
  readonly rekorTlogUrls: readonly ServiceUrl[];
  readonly rekorTlogConfig: ServiceSelection;
  readonly tsaUrls: readonly ServiceUrl[];
  readonly tsaConfig: ServiceSelection;
}

export interface ServiceUrl {
  /** A base, but for timestamp authorities, where it is the full path. */
  readonly url: string;
  /** 1 for Fulcio, whose path says v2; 1 or 2 for Rekor. */
  readonly majorApiVersion: number;
  readonly validFor: TimeRange;
  readonly operator: string;
}

/** How many of the services, each by another operator: any one, all, or an exact `count`. */
export type ServiceSelection =
  | { readonly selector: 'ANY' | 'ALL'; readonly count?: undefined }
  | { readonly selector: 'EXACT'; readonly count: number };

const RULES: MessageRules = {
  name: 'signing config',
  refuse: (message, cause) => new TrustError('malformed-signing-config', message, { cause }),
  unknownFields: 'ignore',
};

/** Reads a signing_config.v0.2.json. @throws TrustError malformed-signing-config */
export function parseSigningConfig(json: unknown): SigningConfig {
  return readMessage(json, RULES, (message) => {
    const mediaType = message.string('mediaType');
    if (mediaType !== SIGNING_CONFIG_MEDIA_TYPE) {
      throw RULES.refuse(
        `signing config.mediaType is ${JSON.stringify(mediaType)}, it should be ${SIGNING_CONFIG_MEDIA_TYPE}`,
      );
    }
    return {
      caUrls: message.messages('caUrls', SERVICES_MAX, readService),
      oidcUrls: message.messages('oidcUrls', SERVICES_MAX, readService),
      rekorTlogUrls: message.messages('rekorTlogUrls', SERVICES_MAX, readService),
      rekorTlogConfig: message.message('rekorTlogConfig', readSelection) ?? { selector: 'ANY' },
      tsaUrls: message.messages('tsaUrls', SERVICES_MAX, readService),
      tsaConfig: message.message('tsaConfig', readSelection) ?? { selector: 'ANY' },
    };
  });
}

function readService(message: MessageReader): ServiceUrl {
  const url = message.requiredString('url');
  if (!URL.canParse(url)) throw RULES.refuse(`${message.path}.url is ${JSON.stringify(url)}, it should be a URL`);
  return {
    url,
    majorApiVersion: message.int32('majorApiVersion'),
    validFor: readValidFor(message),
    operator: message.string('operator'),
  };
}

function readSelection(message: MessageReader): ServiceSelection {
  const selector = message.string('selector');
  switch (selector) {
    case 'ANY':
    case 'ALL':
      return { selector };
    case 'EXACT': {
      const count = message.int32('count');
      if (count === 0) throw RULES.refuse(`${message.path}.count is 0, EXACT should have one above`);
      return { selector, count };
    }
    default:
      throw RULES.refuse(`${message.path}.selector is ${JSON.stringify(selector)}, it should be ANY, ALL or EXACT`);
  }
}

/** The JSON of a signing config. */
export function formatSigningConfig(config: SigningConfig): object {
  return {
    mediaType: SIGNING_CONFIG_MEDIA_TYPE,
    caUrls: config.caUrls.map(formatService),
    oidcUrls: config.oidcUrls.map(formatService),
    rekorTlogUrls: config.rekorTlogUrls.map(formatService),
    tsaUrls: config.tsaUrls.map(formatService),
    rekorTlogConfig: config.rekorTlogConfig,
    tsaConfig: config.tsaConfig,
  };
}

function formatService({ url, majorApiVersion, validFor, operator }: ServiceUrl): object {
  return { url, majorApiVersion, validFor: formatTimeRange(validFor), operator };
}
