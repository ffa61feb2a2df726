import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { toBase64 } from '#crypto';
import { vectors } from '../../../test/vectors.js';
import { formatClientTrustConfig, parseClientTrustConfig } from './client-trust-config.js';
import { formatSigningConfig, parseSigningConfig } from './signing-config.js';
import { formatTrustedRoot, parseTrustedRoot } from './trusted-root.js';

const publicGood = vectors('public-good');
const conformance = vectors('sigstore-conformance/bundle-verify');

function read(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(...path), 'utf8'));
}

/** The same times are written with and without milliseconds, the same absence as null or not at all. */
function normal(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json), (_, value: unknown) => {
    if (value === null) return undefined;
    return typeof value === 'string' && /^\d{4}-.*Z$/.test(value) ? new Date(value).toISOString() : value;
  });
}

(publicGood ? describe : describe.skip)('the public-good instance', () => {
  test('has a trusted root that is the same after reading and writing', () => {
    const json = read(publicGood ?? '', 'trusted_root.json');
    expect(normal(formatTrustedRoot(parseTrustedRoot(json)))).toEqual(normal(json));
  });

  test.each(['signing_config.v0.2.json', 'signing_config_rekor_v2.v0.2.json'])(
    'has a %s that is the same after reading and writing',
    (name) => {
      const json = read(publicGood ?? '', name);
      expect(normal(formatSigningConfig(parseSigningConfig(json)))).toEqual(normal(json));
    },
  );

  test('has a trust config of both', () => {
    const config = parseClientTrustConfig({
      mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
      trustedRoot: read(publicGood ?? '', 'trusted_root.json'),
      signingConfig: read(publicGood ?? '', 'signing_config.v0.2.json'),
    });
    expect(parseClientTrustConfig(normal(formatClientTrustConfig(config)))).toEqual(config);
  });
});

(conformance ? describe : describe.skip)('the staging instance', () => {
  test('has a trusted root with a bare RSA key that is the same after reading and writing', () => {
    const json = read(conformance ?? '', 'rekor2-happy-path', 'trusted_root.json');
    const root = parseTrustedRoot(json);
    expect(root.ctlogs[0]).toMatchObject({ publicKey: { algorithm: 'rsa' } });
    expect(normal(formatTrustedRoot(root))).toEqual(normal(json));
  });
});

describe('a trusted root', () => {
  const P256 =
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX6yYY0zufBnhC8Ur/iy55GhWP/9A/bY2LhC30M9+RYtw==';
  const KEY = { rawBytes: P256, keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: { start: '2021-01-12T11:53:27Z' } };
  const LOG = { baseUrl: 'https://log.example', hashAlgorithm: 'SHA2_256', publicKey: KEY, logId: { keyId: 'AQID' } };
  const MEDIA_TYPE = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';

  function rootOf(tlogs: unknown, mediaType = MEDIA_TYPE): unknown {
    return { mediaType, tlogs };
  }

  test('may have fields that are not known yet', () => {
    const later = { ...LOG, operator: 'example', checkpointKeyId: { keyId: 'AQID' }, later: [] };
    expect(parseTrustedRoot(rootOf([later])).tlogs).toEqual(parseTrustedRoot(rootOf([LOG])).tlogs);
  });

  test.each(['v0.1', 'v0.2'])('may be of %s in the new spelling', (version) => {
    const mediaType = `application/vnd.dev.sigstore.trustedroot.${version}+json`;
    expect(parseTrustedRoot(rootOf([LOG], mediaType)).tlogs).toHaveLength(1);
  });

  test('leaves out logs with a kind of key that is not supported', () => {
    // id-ml-dsa-65 (RFC 9881), without the key: its OID comes first.
    const rawBytes = toBase64(Uint8Array.from(Buffer.from('3012300b06096086480165030403120303000102', 'hex')));
    const pq = { ...LOG, publicKey: { ...KEY, rawBytes, keyDetails: 'ML_DSA_65' } };
    expect(parseTrustedRoot(rootOf([pq, LOG])).tlogs).toHaveLength(1);
  });

  test.each<[string, unknown]>([
    ['is text', 'text'],
    ['is of another media type', rootOf([], 'application/json')],
    ['has a log without a start', rootOf([{ ...LOG, publicKey: { ...KEY, validFor: {} } }])],
    ['has a log that was never valid', rootOf([{ ...LOG, publicKey: { ...KEY, validFor: null } }])],
    ['has a log with a malformed time', rootOf([{ ...LOG, publicKey: { ...KEY, validFor: { start: 'now' } } }])],
    ['has a log without a key', rootOf([{ ...LOG, publicKey: null }])],
    ['has a log with a malformed key', rootOf([{ ...LOG, publicKey: { ...KEY, rawBytes: 'AQID' } }])],
    ['has a log without an ID', rootOf([{ ...LOG, logId: null }])],
    ['has a log without a name', rootOf([{ ...LOG, baseUrl: '' }])],
    [
      'has an authority without certificates',
      { mediaType: MEDIA_TYPE, certificateAuthorities: [{ certChain: {}, validFor: KEY.validFor }] },
    ],
    [
      'has an authority with a malformed certificate',
      {
        mediaType: MEDIA_TYPE,
        certificateAuthorities: [{ certChain: { certificates: [{ rawBytes: 'MAA=' }] }, validFor: KEY.validFor }],
      },
    ],
  ])('that %s is refused', (_, json) => {
    expect(() => parseTrustedRoot(json)).toThrow(
      expect.objectContaining({ name: 'TrustError', code: 'malformed-trusted-root' }),
    );
  });
});

describe('a signing config', () => {
  const MEDIA_TYPE = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';
  const SERVICE = {
    url: 'https://ca.example',
    majorApiVersion: 1,
    validFor: { start: '2026-01-01T00:00:00Z' },
    operator: 'example',
  };

  test('selects any service unless it says otherwise', () => {
    expect(parseSigningConfig({ mediaType: MEDIA_TYPE, caUrls: [SERVICE] })).toMatchObject({
      caUrls: [{ url: 'https://ca.example', majorApiVersion: 1, operator: 'example' }],
      tsaUrls: [],
      rekorTlogConfig: { selector: 'ANY' },
    });
  });

  test('may select an exact number of services', () => {
    const json = { mediaType: MEDIA_TYPE, tsaConfig: { selector: 'EXACT', count: 2 } };
    expect(parseSigningConfig(json).tsaConfig).toEqual({ selector: 'EXACT', count: 2 });
  });

  test.each<[string, object]>([
    ['is of version 0.1', { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.1+json' }],
    ['has a service without a start', { caUrls: [{ ...SERVICE, validFor: {} }] }],
    ['has a service that is no URL', { caUrls: [{ ...SERVICE, url: 'ca' }] }],
    ['has an unknown selector', { tsaConfig: { selector: 'SOME' } }],
    ['selects exactly none', { tsaConfig: { selector: 'EXACT' } }],
  ])('that %s is refused', (_, change) => {
    expect(() => parseSigningConfig({ mediaType: MEDIA_TYPE, ...change })).toThrow(
      expect.objectContaining({ name: 'TrustError', code: 'malformed-signing-config' }),
    );
  });
});

describe('a trust config', () => {
  test('of another media type is refused', () => {
    expect(() => parseClientTrustConfig({ mediaType: 'application/json' })).toThrow(
      expect.objectContaining({ code: 'malformed-trust-config' }),
    );
  });

  test('without a trusted root is refused', () => {
    const json = { mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json' };
    expect(() => parseClientTrustConfig(json)).toThrow(expect.objectContaining({ code: 'malformed-trusted-root' }));
  });
});
