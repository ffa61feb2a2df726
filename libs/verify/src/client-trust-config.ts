import { readMessage, type MessageRules } from '#libs/entry';
import { formatSigningConfig, parseSigningConfig, type SigningConfig } from './signing-config.js';
import { TrustError } from './trust-error.js';
import { formatTrustedRoot, parseTrustedRoot, type TrustedRoot } from './trusted-root.js';

const CLIENT_TRUST_CONFIG_MEDIA_TYPE = 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json';

/** dev.sigstore.trustroot.v1.ClientTrustConfig: whom to trust, and whom to sign with, in one file. */
export interface ClientTrustConfig {
  readonly trustedRoot: TrustedRoot;
  readonly signingConfig: SigningConfig;
}

const RULES: MessageRules = {
  name: 'trust config',
  refuse: (message, cause) => new TrustError('malformed-trust-config', message, { cause }),
  unknownFields: 'ignore',
};

/** @throws TrustError */
export function parseClientTrustConfig(json: unknown): ClientTrustConfig {
  return readMessage(json, RULES, (message) => {
    const mediaType = message.string('mediaType');
    if (mediaType !== CLIENT_TRUST_CONFIG_MEDIA_TYPE) {
      throw RULES.refuse(
        `trust config.mediaType is ${JSON.stringify(mediaType)}, it should be ${CLIENT_TRUST_CONFIG_MEDIA_TYPE}`,
      );
    }
    return {
      trustedRoot: parseTrustedRoot(message.value('trustedRoot')),
      signingConfig: parseSigningConfig(message.value('signingConfig')),
    };
  });
}

/** The JSON of a trust config; clients refuse one with other fields. */
export function formatClientTrustConfig({ trustedRoot, signingConfig }: ClientTrustConfig): object {
  return {
    mediaType: CLIENT_TRUST_CONFIG_MEDIA_TYPE,
    trustedRoot: formatTrustedRoot(trustedRoot),
    signingConfig: formatSigningConfig(signingConfig),
  };
}
