import type { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { clientAddress } from './client-address.js';

const from = (remoteAddress: string | undefined, forwarded?: string): string | undefined =>
  clientAddress({
    socket: { remoteAddress } as Socket,
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  });

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
  ['2001:db8::', '2001:db8:0:0::/64'],
  ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
])('a client at %s is %s', (address, client) => {
  expect(from(address)).toBe(client);
  expect(from(address, '198.51.100.1')).toBe(client); // a stranger may say what he likes
  expect(from('127.0.0.1', `203.0.113.5, ${address}`)).toBe(client);
  expect(from('::1', address)).toBe(client);
});

test.each([undefined, '', 'unknown', '203.0.113.5:80', '203.0.113.5,'])(
  'of a proxy that says %j nothing is known',
  (said) => {
    expect(from('127.0.0.1', said)).toBeUndefined();
    expect(from('::ffff:127.0.0.1', said)).toBeUndefined();
  },
);
