import { describe, expect, test } from '@jest/globals';
import { checkAddress, hostOf, networkPrefix, parseAddress, peerIdOf, placeOf } from './network-address.js';

describe('addresses', () => {
  test.each([
    ['/ip4/192.0.2.7/tcp/1', '192.0.2.7', '192.0.0.0/16'],
    ['/ip6/::ffff:192.0.2.7/tcp/1', '192.0.2.7', '192.0.0.0/16'],
    ['/ip6/2001:db8:1:2::5/tcp/1', '2001:db8:1:2::5', '2001:db8::/32'],
    ['/ip6/2001:0db8::1/tcp/1', '2001:db8::1', '2001:db8::/32'],
    ['/ip6/::1/tcp/1', '::1', '0:0::/32'],
    ['/dns4/Witness.Example/tcp/1', 'witness.example', 'witness.example'],
  ])('%s is of host %s and network %s', (address, host, prefix) => {
    const found = hostOf(parseAddress(address));
    expect([found, networkPrefix(found ?? '')]).toEqual([host, prefix]);
  });

  test('all of a /64 is one place', () => {
    const places = ['2001:db8:1:2::5', '2001:db8:1:2:ffff::', '2001:db8:1:3::5'].map((ip) =>
      placeOf(parseAddress(`/ip6/${ip}/tcp/1`)),
    );
    expect(new Set(places)).toEqual(new Set(['2001:db8:1:2::/64', '2001:db8:1:3::/64']));
  });

  test.each([
    ['witness.example:7190', /is not a multiaddr, such as /],
    ['/ip4/192.0.2/tcp/1', /is not a multiaddr/],
    ['/ip4/192.0.2.7', /should be a host and a TCP port, such as /],
    ['/ip4/192.0.2.7/udp/1/quic-v1', /should be a host and a TCP port/],
    ['/ip4/192.0.2.7/tcp/1/ws', /should be a host and a TCP port/],
  ])('%s is nothing to listen on or to dial', (address, message) => {
    expect(() => checkAddress(address)).toThrow(
      expect.objectContaining({ code: 'invalid-address', message: expect.stringMatching(message) }),
    );
  });

  test('a peer ID at the end is found', () => {
    const id = '12D3KooWSDAkySZYBv1SVz1a5abfsKBFbjZYyK9L6FQvcjujrHRb';
    expect(peerIdOf(parseAddress(`/ip4/192.0.2.7/tcp/1/p2p/${id}`))).toBe(id);
    expect(peerIdOf(parseAddress('/ip4/192.0.2.7/tcp/1'))).toBeUndefined();
  });
});
