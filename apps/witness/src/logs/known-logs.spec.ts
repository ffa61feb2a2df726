import { describe, expect, test } from '@jest/globals';
import { KEY_TYPE, formatVerifierKey, verifierKey } from '#libs/note';
import { ed25519Signer, rfc6962Signer } from '../../../../test/note-signers.js';
import { KnownLogs } from './known-logs.js';
import type { ListedLog } from './log-list.js';

const vkeyOf = (name: string): string => formatVerifierKey(ed25519Signer(name).key);
const listed = (origin: string, vkey = vkeyOf(origin)): ListedLog => ({ origin, vkey, qpd: 24, contact: 'c' });

describe('known logs', () => {
  test('have all keys that the operator names for one origin, its address and its budget', () => {
    const [one, two] = [ed25519Signer('a').key, ed25519Signer('a').key];
    const logs = new KnownLogs([one, { ...two, url: 'https://a.example', qpd: 5 }]);
    expect(logs.keysOf('a').map(({ key }) => formatVerifierKey(key))).toEqual([one, two].map(formatVerifierKey));
    expect(logs.find('a')).toMatchObject({ origin: 'a', configured: true, url: 'https://a.example', qpd: 5 });
    expect([logs.count, logs.keysOf('b'), logs.find('b')]).toEqual([1, [], undefined]);
  });

  test('get more by lists, and never fewer', () => {
    const logs = new KnownLogs([]);
    expect(logs.take([listed('a'), listed('b')])).toEqual({ added: 2, keyChanges: [], unusable: [] });
    expect(logs.take([listed('c')])).toMatchObject({ added: 1 });
    expect([...logs.all()].map(({ origin }) => origin)).toEqual(['a', 'b', 'c']);
    expect(logs.find('a')).toMatchObject({ origin: 'a', configured: false, url: undefined, qpd: 24 });
  });

  test('keep their key when a list names another one', () => {
    const own = ed25519Signer('own').key;
    const logs = new KnownLogs([own]);
    const [before, after, mine] = [vkeyOf('a'), vkeyOf('a'), vkeyOf('own')];
    logs.take([listed('a', before)]);
    const { added, keyChanges } = logs.take([listed('a', after), listed('own', mine)]);
    expect(added).toBe(0);
    expect(keyChanges).toEqual([
      { origin: 'a', known: before, listed: after },
      { origin: 'own', known: formatVerifierKey(own), listed: mine },
    ]);
    expect(logs.keysOf('a').map(({ key }) => formatVerifierKey(key))).toEqual([before]);
  });

  test('leave out keys that are none, and go on with the others', () => {
    const witness = formatVerifierKey(verifierKey('w', KEY_TYPE.cosignature, new Uint8Array(32)));
    const logs = new KnownLogs([]);
    expect(logs.take([listed('x', 'x+00000000+AQ=='), listed('w', witness), listed('a')])).toEqual({
      added: 1,
      keyChanges: [],
      unusable: ['x', 'w'],
    });
  });

  test('leave out a log that is listed with the RFC 6962 key of another', () => {
    const { type, publicKey } = rfc6962Signer('ct1').key;
    const as = (name: string): ListedLog => listed(name, formatVerifierKey(verifierKey(name, type, publicKey)));
    expect(new KnownLogs([verifierKey('ct1', type, publicKey)]).take([as('ct2')])).toMatchObject({ unusable: ['ct2'] });
    const logs = new KnownLogs([]);
    expect(logs.take([as('ct1'), as('ct2')])).toMatchObject({ added: 1, unusable: ['ct2'] });
    expect(logs.take([as('ct1'), as('ct3')])).toMatchObject({ added: 0, keyChanges: [], unusable: ['ct3'] });
  });

  test('have no key where the listed one is no point of the curve: that is seen when it is used', () => {
    const vkey = formatVerifierKey(verifierKey('a', KEY_TYPE.ed25519, new Uint8Array(32).fill(0xff)));
    const logs = new KnownLogs([]);
    expect(logs.take([listed('a', vkey)])).toMatchObject({ added: 1 });
    expect(logs.keysOf('a')).toEqual([]);
  });

  test('of which many are used are still found', () => {
    const logs = new KnownLogs([]);
    const vkey = vkeyOf('a');
    logs.take(Array.from({ length: 5000 }, (_, i) => listed(`origin ${i}`, vkey)));
    for (let i = 0; i < 5000; i++) expect(logs.keysOf(`origin ${i}`)).toHaveLength(1);
    expect(logs.keysOf('origin 0')).toHaveLength(1);
  });
});
