import { describe, expect, test } from '@jest/globals';
import type { ServiceUrl, SigningConfig } from '#libs/verify';
import { logUrl, oidcIssuer, signingServices } from './signing-services.js';
import type { Trust } from './trust-config.js';

const NOW = new Date('2026-11-22T00:00:00Z');

const service = (url: string, more: Partial<ServiceUrl> = {}): ServiceUrl => ({
  url,
  majorApiVersion: 1,
  validFor: { start: new Date('2026-01-01T00:00:00Z') },
  operator: url,
  ...more,
});
const v2 = (url: string, more: Partial<ServiceUrl> = {}): ServiceUrl => service(url, { majorApiVersion: 2, ...more });

function trust(config: Partial<SigningConfig> = {}): Trust {
  const signingConfig: SigningConfig = {
    caUrls: [service('ca')],
    oidcUrls: [service('oidc')],
    rekorTlogUrls: [v2('log')],
    tsaUrls: [service('tsa')],
    rekorTlogConfig: { selector: 'ANY' },
    tsaConfig: { selector: 'ANY' },
    ...config,
  };
  const trustedRoot = { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] };
  return { source: 'trust.json', trustedRoot, signingConfig, json: { trustedRoot: {}, signingConfig: {} } };
}

describe('of each service', () => {
  test('one is chosen', () => {
    expect(signingServices(trust(), NOW)).toEqual({ ca: 'ca', logs: ['log'], tsas: ['tsa'] });
    expect(oidcIssuer(trust(), NOW)).toBe('oidc');
  });

  test('the newest one that has begun', () => {
    const rekorTlogUrls = [
      v2('old'),
      v2('new', { validFor: { start: new Date('2026-06-01T00:00:00Z') } }),
      v2('future', { validFor: { start: new Date('2027-01-01T00:00:00Z') } }),
    ];
    expect(logUrl(trust({ rekorTlogUrls }), NOW)).toBe('new');
  });

  test('none that has ended; the end is inclusive', () => {
    const ended = { start: new Date('2026-06-01T00:00:00Z'), end: new Date(NOW.getTime() - 1) };
    const rekorTlogUrls = [v2('log'), v2('ended', { validFor: ended })];
    expect(logUrl(trust({ rekorTlogUrls }), NOW)).toBe('log');
    expect(logUrl(trust({ rekorTlogUrls }), ended.end)).toBe('ended');
  });

  test('none of a version that we don’t speak', () => {
    const rekorTlogUrls = [service('v1', { validFor: { start: new Date('2026-07-01T00:00:00Z') } }), v2('log')];
    expect(logUrl(trust({ rekorTlogUrls }), NOW)).toBe('log');
  });
});

describe('of timestamp authorities', () => {
  const tsaUrls = [service('a'), service('b'), service('b2', { operator: 'b' })];

  test('all are chosen, one of each operator', () => {
    expect(signingServices(trust({ tsaUrls, tsaConfig: { selector: 'ALL' } }), NOW).tsas).toEqual(['a', 'b']);
  });

  test('as many are chosen as asked for', () => {
    expect(signingServices(trust({ tsaUrls, tsaConfig: { selector: 'EXACT', count: 2 } }), NOW).tsas).toEqual([
      'a',
      'b',
    ]);
  });

  test('too few are a failure', () => {
    const config = trust({ tsaUrls, tsaConfig: { selector: 'EXACT', count: 3 } });
    expect(() => signingServices(config, NOW)).toThrow(expect.objectContaining({ code: 'no-trust' }));
  });
});

test('without a service that is valid now there is no signing', () => {
  expect(() => signingServices(trust({ caUrls: [] }), NOW)).toThrow(
    expect.objectContaining({ code: 'no-trust', message: expect.stringContaining('certificate authority') }),
  );
});

test('a bare trusted root is not enough to sign', () => {
  expect(() => signingServices({ ...trust(), signingConfig: undefined }, NOW)).toThrow(
    expect.objectContaining({ code: 'no-trust', message: expect.stringContaining('has no signing config') }),
  );
});
