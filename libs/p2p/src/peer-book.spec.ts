import { describe, expect, test } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { KEY_TYPE, verifierKey } from '#libs/note';
import { PENALTY, PeerBook } from './peer-book.js';

const TUNING = { scoreLimit: -80, denyMs: 1_000 };

describe('the peer book', () => {
  test('penalties outlive connections, and fade', () => {
    let now = 0;
    const book = new PeerBook(TUNING, () => now);
    expect(book.penalise('p', PENALTY.violation)).toBe(false);
    expect(book.score('p')).toBe(-25);
    now = 10 * 60_000;
    expect(book.score('p')).toBe(-12.5);
  });

  test('a peer at the limit is to be cut off', () => {
    const book = new PeerBook(TUNING);
    expect(Array.from({ length: 9 }, () => book.penalise('p', PENALTY.rejected)).indexOf(true)).toBe(8 - 1);
  });

  test('a denial ends', () => {
    let now = 0;
    const book = new PeerBook(TUNING, () => now);
    book.deny('p', '192.0.2.1');
    expect([book.isDenied('p'), book.deniedCount()]).toEqual([true, 1]);
    now = 1_001;
    expect([book.isDenied('p'), book.deniedCount()]).toEqual([false, 0]);
  });

  test('a host of three denied strangers is closed to strangers', () => {
    const book = new PeerBook(TUNING);
    for (const peer of ['a', 'b']) book.deny(peer, '192.0.2.1');
    expect(book.isHostDenied('192.0.2.1')).toBe(false);
    book.deny('c', '192.0.2.1');
    expect([book.isHostDenied('192.0.2.1'), book.isHostDenied('192.0.2.2')]).toEqual([true, false]);
  });

  test('a witness key speaks for four peers, the newest bindings first', () => {
    const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    const witness = verifierKey('w.example', KEY_TYPE.cosignature, publicKey);
    const book = new PeerBook(TUNING);
    const notAfter = new Date(Date.now() + 60_000);
    for (let at = 0; at < 6; at += 1) {
      book.bind({ witness, peerId: `p${at}`, addresses: [], notBefore: new Date(at), notAfter }, new Uint8Array());
    }
    expect([0, 1, 2, 3, 4, 5].map((at) => book.isReserved(`p${at}`))).toEqual([false, false, true, true, true, true]);
  });
});
