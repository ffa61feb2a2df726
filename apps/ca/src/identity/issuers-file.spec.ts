import { describe, expect, test } from '@jest/globals';
import { requireProductionIssuers } from './issuers.js';
import { parseIssuers } from './issuers-file.js';

const parse = (file: object): ReturnType<typeof parseIssuers> => parseIssuers(JSON.stringify(file));
const malformed = expect.objectContaining({ code: 'malformed-issuers' });

describe('an issuers file', () => {
  test('names issuers of the three types', () => {
    const issuers = parse({
      'oidc-issuers': {
        'https://accounts.example': { 'issuer-url': 'https://accounts.example', 'client-id': 'tally', type: 'email' },
        'https://id.example/auth': {
          type: 'uri',
          'subject-domain': 'https://agents.id.example',
          description: 'agents',
        },
        'https://token.actions.githubusercontent.com': { type: 'ci-provider', 'ci-provider': 'github-workflow' },
      },
    });
    expect([...issuers.values()]).toMatchObject([
      { url: 'https://accounts.example', audience: 'tally', type: 'email' },
      { url: 'https://id.example/auth', audience: 'sigstore', type: 'uri', subjectDomain: 'https://agents.id.example' },
      { type: 'ci-provider', provider: { defaults: { url: 'https://github.com' } } },
    ]);
  });

  test('adds a CI provider, also as a variation of another', () => {
    const issuers = parse({
      'oidc-issuers': {
        'https://gitlab.example': { type: 'ci-provider', 'ci-provider': 'our-gitlab' },
        'https://forge.example': { type: 'ci-provider', 'ci-provider': 'forge' },
      },
      'ci-issuer-metadata': {
        'our-gitlab': { extends: 'gitlab-pipeline', 'default-template-values': { url: 'https://gitlab.example' } },
        forge: {
          'subject-alternative-name-template': '{{ .url }}/{{ .workflow }}',
          'extension-templates': { 'build-trigger': 'event', 'source-repository-visibility-at-signing': 'visibility' },
        },
      },
    });
    expect(issuers.get('https://gitlab.example')).toMatchObject({
      provider: {
        defaults: { url: 'https://gitlab.example', environment: '' },
        subjectAlternativeName: { source: 'https://{{ .ci_config_ref_uri }}' },
      },
    });
    const forge = issuers.get('https://forge.example');
    expect(forge?.type === 'ci-provider' && [...forge.provider.extensions.keys()]).toEqual([
      'buildTrigger',
      'sourceRepositoryVisibility',
    ]);
  });

  const email = { type: 'email' };
  const ci = { 'https://ci.example': { type: 'ci-provider', 'ci-provider': 'x' } };
  test.each<[string, object]>([
    ['without issuers', {}],
    ['with an unknown key', { 'oidc-issuers': { 'https://a.example': { ...email, 'skip-email-verification': true } } }],
    ['with a type that is not offered', { 'oidc-issuers': { 'https://a.example': { type: 'spiffe' } } }],
    ['whose issuer is no URL', { 'oidc-issuers': { 'a.example': email } }],
    [
      'with two URLs for one issuer',
      { 'oidc-issuers': { 'https://a.example': { ...email, 'issuer-url': 'https://b.example' } } },
    ],
    ['with a uri issuer that has no domain', { 'oidc-issuers': { 'https://a.example': { type: 'uri' } } }],
    [
      'with an issuer that names subjects of somebody else',
      { 'oidc-issuers': { 'https://a.example': { type: 'uri', 'subject-domain': 'https://b.test' } } },
    ],
    [
      'with an issuer that names subjects at another address',
      { 'oidc-issuers': { 'https://192.0.2.1': { type: 'uri', 'subject-domain': 'https://198.51.2.1' } } },
    ],
    ['with an unknown CI provider', { 'oidc-issuers': ci }],
    ['with a provider without a name template', { 'oidc-issuers': ci, 'ci-issuer-metadata': { x: {} } }],
    [
      'with an extension that does not exist',
      {
        'oidc-issuers': ci,
        'ci-issuer-metadata': {
          x: { 'subject-alternative-name-template': 'sub', 'extension-templates': { subject: 'sub' } },
        },
      },
    ],
    ['with a provider that extends nothing', { 'oidc-issuers': ci, 'ci-issuer-metadata': { x: { extends: 'y' } } }],
    ['with a provider that extends itself', { 'oidc-issuers': ci, 'ci-issuer-metadata': { x: { extends: 'x' } } }],
  ])('%s is refused', (_what, file) => {
    expect(() => parse(file)).toThrow(malformed);
  });

  test('that is not JSON is refused', () => {
    expect(() => parseIssuers('oidc-issuers:')).toThrow(malformed);
  });

  test('with a template that can not be used is refused', () => {
    const file = {
      'oidc-issuers': {},
      'ci-issuer-metadata': { x: { 'subject-alternative-name-template': '{{ nope }}' } },
    };
    expect(() => parse(file)).toThrow(expect.objectContaining({ code: 'unsupported-template' }));
  });
});

describe('with profile production', () => {
  const trust = (url: string): void =>
    requireProductionIssuers(parse({ 'oidc-issuers': { [url]: { type: 'email' } } }));

  test('an issuer on another host over https is trusted', () => {
    expect(() => trust('https://accounts.example')).not.toThrow();
  });

  test.each([
    'http://accounts.example',
    'https://localhost',
    'https://login.localhost:8443',
    'https://127.0.0.1',
    'https://127.1',
    'https://2130706433',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
    'https://0.0.0.0',
  ])('%s is refused', (url) => {
    expect(() => trust(url)).toThrow(expect.objectContaining({ code: 'development-issuer' }));
  });
});
