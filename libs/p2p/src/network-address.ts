import { isIPv6 } from 'node:net';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { P2pError } from './p2p-error.js';

const EXAMPLE = 'such as /ip4/192.0.2.7/tcp/7190 or /dns4/witness.example.org/tcp/7190';

/** @throws P2pError invalid-address */
export function parseAddress(text: string): Multiaddr {
  try {
    return multiaddr(text);
  } catch (cause) {
    throw new P2pError('invalid-address', `${JSON.stringify(text)} is not a multiaddr, ${EXAMPLE}`, { cause });
  }
}

/** An address that a node can listen on or dial: a host, a TCP port, and perhaps a peer ID. @throws P2pError invalid-address */
export function checkAddress(text: string): void {
  const protocols = parseAddress(text).getComponents();
  const [host, port, peer, ...more] = protocols.map(({ name }) => name);
  const isHost = host === 'ip4' || host === 'ip6' || host?.startsWith('dns');
  if (isHost && port === 'tcp' && (peer === undefined || peer === 'p2p') && more.length === 0) return;
  throw new P2pError('invalid-address', `${JSON.stringify(text)} should be a host and a TCP port, ${EXAMPLE}`);
}

/** The peer ID at the end of an address. */
export function peerIdOf(address: Multiaddr): string | undefined {
  return address.getComponents().findLast(({ name }) => name === 'p2p')?.value;
}

/** The IP address or the host name that an address leads to; IPv4 in IPv6 clothes counts as IPv4. */
export function hostOf(address: Multiaddr): string | undefined {
  const host = address
    .getComponents()
    .find(({ name }) => name === 'ip4' || name === 'ip6' || name.startsWith('dns'))
    ?.value?.toLowerCase();
  return host === undefined ? undefined : mappedIPv4(host);
}

/** Where a connection comes from: an address of IPv4, a /64 of IPv6, which is what one subscriber has. */
export function placeOf(address: Multiaddr): string {
  const host = hostOf(address) ?? '';
  return isIPv6(host) ? `${ipv6Groups(host).slice(0, 4).join(':')}::/64` : host;
}

/** What one owner of networks typically has many of: /16 of IPv4, /32 of IPv6; a host name stands for itself. */
export function networkPrefix(host: string): string {
  if (isIPv6(host)) return `${ipv6Groups(host).slice(0, 2).join(':')}::/32`;
  const [first, second, ...rest] = host.split('.');
  return rest.length === 2 && /^[0-9.]+$/.test(host) ? `${first}.${second}.0.0/16` : host;
}

function mappedIPv4(host: string): string {
  const dotted = /^::ffff:([0-9.]+)$/.exec(host)?.[1];
  if (dotted !== undefined || !isIPv6(host)) return dotted ?? host;
  const [g0, g1, g2, g3, g4, prefix, high = '', low = ''] = ipv6Groups(host);
  if ([g0, g1, g2, g3, g4].some((group) => group !== '0') || prefix !== 'ffff') return host;
  const word = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.');
}

function ipv6Groups(host: string): string[] {
  const [head = '', tail] = (host.split('%')[0] ?? '').split('::');
  const before = groups(head);
  const after = groups(tail ?? '');
  const missing = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array.from({ length: missing }, () => '0'), ...after];
}

function groups(part: string): string[] {
  return part
    .split(':')
    .filter((group) => group !== '')
    .map((group) => group.replace(/^0+(?=.)/, ''));
}
