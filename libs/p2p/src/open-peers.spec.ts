import { describe, expect, test } from '@jest/globals';
import { choosePeersToDial, type OpenPeersState } from './open-peers.js';

describe('open places', () => {
  const known = ['/ip4/10.1.0.1', '/ip4/10.1.0.2', '/ip4/10.1.0.3', '/ip4/10.2.0.1', '/ip4/10.3.0.1'].map(
    (address, at) => ({ id: `p${at}`, address: `${address}/tcp/1`, seen: 0, dialled: true }),
  );
  const state: OpenPeersState = {
    known,
    isConnected: () => false,
    isDenied: () => false,
    isReserved: () => false,
    outboundHosts: [],
    notBefore: () => 0,
    now: 1,
    random: () => 0.5,
  };
  const chosen = (changes: Partial<OpenPeersState>, openOutbound = 8): string[] =>
    choosePeersToDial({ ...state, ...changes }, { openOutbound, openOutboundPerPrefix: 2 }).map(({ id }) => id);

  test('few of one network are dialled', () => {
    expect(chosen({})).toEqual(['p0', 'p1', 'p3', 'p4']);
    expect(chosen({ outboundHosts: ['10.1.9.9'] })).toEqual(['p0', 'p3', 'p4']);
  });

  test('no more than there are places', () => {
    expect(chosen({ outboundHosts: ['192.0.2.1'] }, 2)).toEqual(['p0']);
  });

  test('nobody who is connected, denied, or failed just now', () => {
    expect(
      chosen({
        isConnected: (peer) => peer === 'p0',
        isDenied: (peer) => peer === 'p3',
        notBefore: (peer) => (peer === 'p4' ? 2 : 0),
      }),
    ).toEqual(['p1', 'p2']);
  });

  test('reserved peers take no place', () => {
    expect(chosen({ isReserved: (peer) => peer === 'p2' }, 0)).toEqual(['p2']);
  });
});
