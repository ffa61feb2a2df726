import { describe, expect, test } from '@jest/globals';
import { isEmailAddress, isUri, percentEncode } from './names.js';

describe('an e-mail address', () => {
  test.each(['you@example.org', 'first.last+tag@sub.example.org', "o'brien@example.ie", 'root@localhost'])(
    '%s can be certified',
    (address) => {
      expect(isEmailAddress(address)).toBe(true);
    },
  );

  test.each([
    '',
    'you',
    'you@',
    '@example.org',
    'you@@example.org',
    'a@b@example.org',
    'you @example.org',
    'you@example.org\n',
    'you@example.org\0.evil.example',
    'you,me@example.org',
    '.you@example.org',
    'you..me@example.org',
    'you@-example.org',
    'you@example..org',
    'jos\u00e9@example.org',
    'you@ex\u00e4mple.org',
    '"you"@example.org',
    'you@[127.0.0.1]',
    `${'x'.repeat(65)}@example.org`,
    `you@${'x.'.repeat(130)}org`,
  ])('%j can not', (address) => {
    expect(isEmailAddress(address)).toBe(false);
  });
});

describe('a URI', () => {
  test.each([
    'https://id.example/agent/7',
    'http://localhost:7101/x?y#z',
    'https://gitlab.com/group/project//.gitlab-ci.yml@refs/heads/main',
    'https://id.example/%C3%A9',
  ])('%s can be certified', (uri) => {
    expect(isUri(uri)).toBe(true);
  });

  test.each([
    '',
    'id.example/agent',
    'mailto:you@example.org',
    'https://',
    'https:///path',
    'https:id.example',
    'https://id.example\\@evil.example/',
    'https://id.example/a b',
    'https://id.example/\u00e9',
    'https://id.example/%zz',
    'https://id.exam\tple/',
    ' https://id.example/',
    'https://id.example:99999/',
  ])('%j can not', (uri) => {
    expect(isUri(uri)).toBe(false);
  });

  test('has what can not stand in it encoded, and nothing else', () => {
    expect(percentEncode('https://git.example/a//b@refs/heads/f\u00fcr "x"%')).toBe(
      'https://git.example/a//b@refs/heads/f%C3%BCr%20%22x%22%25',
    );
    expect(percentEncode('https://git.example/%C3%BC')).toBe('https://git.example/%C3%BC');
  });
});
