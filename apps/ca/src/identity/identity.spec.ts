import { describe, expect, test } from '@jest/globals';
import { GITHUB_CLAIMS, GITLAB_CLAIMS } from '../testing/ci-claims.js';
import { type CertifiedIdentity, identify as identifyBy } from './identity.js';
import type { Issuer } from './issuers.js';
import { parseIssuers } from './issuers-file.js';

const issuers = parseIssuers(
  JSON.stringify({
    'oidc-issuers': {
      'https://accounts.example': { type: 'email' },
      'https://id.example': { type: 'uri', 'subject-domain': 'https://id.example' },
      'https://token.actions.githubusercontent.com': { type: 'ci-provider', 'ci-provider': 'github-workflow' },
      'https://gitlab.com': { type: 'ci-provider', 'ci-provider': 'gitlab-pipeline' },
    },
  }),
);

function identify(url: string, claims: Readonly<Record<string, unknown>> & { sub: string }): CertifiedIdentity {
  return identifyBy(issuers.get(url) as Issuer, claims);
}

const refused = expect.objectContaining({ code: 'refused-identity' });

describe('an issuer of type email', () => {
  const claims = { sub: 'Cg0w', email: 'you@example.org', email_verified: true };

  test('certifies the address, which is the challenge too', () => {
    expect(identify('https://accounts.example', claims)).toEqual({
      subject: { type: 'email', value: 'you@example.org' },
      issuer: 'https://accounts.example',
      claims: { tokenSubject: 'Cg0w' },
      challenge: 'you@example.org',
    });
  });

  test('may say "true" as text', () => {
    expect(identify('https://accounts.example', { ...claims, email_verified: 'true' }).challenge).toBe(
      'you@example.org',
    );
  });

  test.each<[string, object]>([
    ['unverified', { email_verified: false }],
    ['not said to be verified', { email_verified: undefined }],
    ['verified otherwise', { email_verified: 1 }],
    ['missing', { email: undefined }],
    ['a list', { email: ['you@example.org'] }],
    ['not an address', { email: 'you' }],
  ])('an address that is %s is refused', (_what, change) => {
    expect(() => identify('https://accounts.example', { ...claims, ...change })).toThrow(refused);
  });
});

describe('an issuer of type uri', () => {
  test('certifies the subject as it is', () => {
    const sub = 'https://id.example/agents/../7';
    expect(identify('https://id.example', { sub })).toMatchObject({
      subject: { type: 'uri', value: sub },
      claims: { tokenSubject: sub },
      challenge: sub,
    });
  });

  test.each([
    'https://evil.example/agents/7',
    'https://id.example.evil.example/',
    'https://id.example@evil.example/',
    'https://you@id.example/',
    'https://id.example\\.evil.example/',
    'http://id.example/agents/7',
    'you@id.example',
    `https://id.example/${'x'.repeat(2048)}`,
  ])('the subject %s is refused', (sub) => {
    expect(() => identify('https://id.example', { sub })).toThrow(refused);
  });
});

describe('a GitHub workflow token', () => {
  const url = 'https://token.actions.githubusercontent.com';

  test('becomes the name of the workflow, with every extension of the profile', () => {
    expect(identify(url, GITHUB_CLAIMS)).toEqual({
      subject: { type: 'uri', value: 'https://github.com/octo/builder/.github/workflows/build.yml@refs/tags/v2' },
      issuer: url,
      challenge: 'repo:octo/tool:ref:refs/heads/main',
      claims: {
        githubWorkflowTrigger: 'push',
        githubWorkflowSha: 'a'.repeat(40),
        githubWorkflowName: 'Release',
        githubWorkflowRepository: 'octo/tool',
        githubWorkflowRef: 'refs/heads/main',
        buildSignerUri: 'https://github.com/octo/builder/.github/workflows/build.yml@refs/tags/v2',
        buildSignerDigest: 'b'.repeat(40),
        runnerEnvironment: 'github-hosted',
        sourceRepositoryUri: 'https://github.com/octo/tool',
        sourceRepositoryDigest: 'a'.repeat(40),
        sourceRepositoryRef: 'refs/heads/main',
        sourceRepositoryIdentifier: '1296269',
        sourceRepositoryOwnerUri: 'https://github.com/octo',
        sourceRepositoryOwnerIdentifier: '583231',
        buildConfigUri: 'https://github.com/octo/tool/.github/workflows/release.yml@refs/heads/main',
        buildConfigDigest: 'c'.repeat(40),
        buildTrigger: 'push',
        runInvocationUri: 'https://github.com/octo/tool/actions/runs/7001/attempts/2',
        sourceRepositoryVisibility: 'public',
        deploymentEnvironment: 'production',
        tokenSubject: 'repo:octo/tool:ref:refs/heads/main',
      },
    });
  });

  test('has no deployment environment when the job has none', () => {
    const { environment: _, ...claims } = GITHUB_CLAIMS;
    expect(identify(url, claims).claims).not.toHaveProperty('deploymentEnvironment');
  });

  test('has its name encoded where it is no URI', () => {
    const claims = { ...GITHUB_CLAIMS, job_workflow_ref: 'octo/tool/.github/workflows/x.yml@refs/heads/f\u00fcr' };
    expect(identify(url, claims).subject.value).toMatch(/@refs\/heads\/f%C3%BCr$/);
  });

  test.each<[string, object]>([
    ['without a claim that its templates need', { repository_id: undefined }],
    ['with an object for a claim', { repository: { full_name: 'octo/tool' } }],
    ['with a number that JSON has rounded', { repository_id: 2 ** 60 }],
    ['with a line break in a claim', { workflow: 'Release\nX' }],
    ['with half a character in a claim', { workflow: '\ud800' }],
    ['with a claim that is too long', { ref: 'x'.repeat(2049) }],
  ])('%s is refused', (_what, change) => {
    expect(() => identify(url, { ...GITHUB_CLAIMS, ...change })).toThrow(refused);
  });
});

describe('a GitLab pipeline token', () => {
  test('becomes the name of the pipeline, with every extension of the profile', () => {
    expect(identify('https://gitlab.com', GITLAB_CLAIMS)).toEqual({
      subject: { type: 'uri', value: 'https://gitlab.com/group/tool//.gitlab-ci.yml@refs/heads/main' },
      issuer: 'https://gitlab.com',
      challenge: 'project_path:group/tool:ref_type:branch:ref:main',
      claims: {
        buildSignerUri: 'https://gitlab.com/group/tool//.gitlab-ci.yml@refs/heads/main',
        buildSignerDigest: 'd'.repeat(40),
        runnerEnvironment: 'gitlab-hosted',
        sourceRepositoryUri: 'https://gitlab.com/group/tool',
        sourceRepositoryDigest: 'e'.repeat(40),
        sourceRepositoryRef: 'refs/heads/main',
        sourceRepositoryIdentifier: '42',
        sourceRepositoryOwnerUri: 'https://gitlab.com/group',
        sourceRepositoryOwnerIdentifier: '9',
        buildConfigUri: 'https://gitlab.com/group/tool//.gitlab-ci.yml@refs/heads/main',
        buildConfigDigest: 'd'.repeat(40),
        buildTrigger: 'push',
        runInvocationUri: 'https://gitlab.com/group/tool/-/jobs/302',
        sourceRepositoryVisibility: 'public',
        deploymentEnvironment: 'staging',
        tokenSubject: 'project_path:group/tool:ref_type:branch:ref:main',
      },
    });
  });

  test('of a tag has the ref of a tag', () => {
    const claims = { ...GITLAB_CLAIMS, ref_type: 'tag', ref: 'v1.0.0' };
    expect(identify('https://gitlab.com', claims).claims.sourceRepositoryRef).toBe('refs/tags/v1.0.0');
  });
});
