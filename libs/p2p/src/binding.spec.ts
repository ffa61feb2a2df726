import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import { KEY_TYPE, formatNote, parseNote, signNote, verifierKey, type VerifierKey } from '#libs/note';
import { cosignatureMessage, cosignatureVerifier, parseCheckpoint } from '#libs/tlog';
import { formatPeerBinding, openPeerBinding, peerBindingKey, type PeerBinding } from './binding.js';
import { TestNodes, until } from './testing/nodes.js';

const nodes = new TestNodes();
afterAll(() => nodes.closeAll());

interface WitnessKey {
  readonly key: VerifierKey;
  readonly sign: (text: Uint8Array) => Promise<Uint8Array>;
}

function witness(name: string): WitnessKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const secret: KeyObject = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return {
    key: verifierKey(name, KEY_TYPE.cosignature, raw),
    sign: async (text) => sign(null, text, secret),
  };
}

const PEER = '12D3KooWSDAkySZYBv1SVz1a5abfsKBFbjZYyK9L6FQvcjujrHRb';
const OTHER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp';
const AT = new Date('2026-11-22T12:00:00Z');
const one = witness('one.example/w');
const binding: PeerBinding = {
  witness: one.key,
  peerId: PEER,
  addresses: ['/dns4/one.example/tcp/4001', '/ip4/192.0.2.1/tcp/4001'],
  notBefore: new Date('2026-11-01T00:00:00Z'),
  notAfter: new Date('2026-12-01T00:00:00Z'),
};

describe('a peer binding', () => {
  let note: Uint8Array;
  beforeAll(async () => {
    note = await formatPeerBinding(binding, one.sign);
  });

  test('says what it was made to say', () => {
    expect(openPeerBinding(note, { witnesses: [one.key], peerId: PEER, at: AT })).toEqual(binding);
    expect(utf8Decode(parseNote(note).text)).toBe(
      `one.example/w/peer-binding/v1\n${PEER}\n/dns4/one.example/tcp/4001 /ip4/192.0.2.1/tcp/4001\n1793491200 1796083200\n`,
    );
  });

  test.each<[string, () => { witnesses: VerifierKey[]; peerId: string; at: Date }, string]>([
    ['of another peer', () => ({ witnesses: [one.key], peerId: OTHER, at: AT }), 'invalid-binding'],
    [
      'of nobody we know',
      () => ({ witnesses: [witness('two.example/w').key], peerId: PEER, at: AT }),
      'invalid-binding',
    ],
    [
      'of another key with the same name',
      () => ({ witnesses: [witness('one.example/w').key], peerId: PEER, at: AT }),
      'invalid-binding',
    ],
    [
      'before its time',
      () => ({ witnesses: [one.key], peerId: PEER, at: new Date('2026-10-31T23:59:59Z') }),
      'binding-expired',
    ],
    [
      'after its time',
      () => ({ witnesses: [one.key], peerId: PEER, at: new Date('2026-12-01T00:00:01Z') }),
      'binding-expired',
    ],
  ])('%s does not count', (_, expected, code) => {
    expect(() => openPeerBinding(note, expected())).toThrow(expect.objectContaining({ code }));
  });

  test('with one byte changed does not count', () => {
    const expected = { witnesses: [one.key], peerId: PEER, at: AT };
    for (let at = 0; at < note.length; at += 1) {
      const changed = Uint8Array.from(note);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => openPeerBinding(changed, expected)).toThrow(expect.objectContaining({ code: 'invalid-binding' }));
    }
  });

  test.each([
    ['', 'four lines'],
    [`one.example/w/peer-binding/v1\n${PEER}\n\n1 2\nmore\n`, 'a fifth line'],
    [`one.example/w/peer-binding/v2\n${PEER}\n\n1 2\n`, 'another version'],
    [`one.example/w/peer-binding/v1\n${PEER}\n\n01 9999999999\n`, 'a number in another form'],
    [
      `one.example/w/peer-binding/v1\n${PEER}\n/ip4/1.2.3.4/tcp/1  /ip4/1.2.3.4/tcp/2\n1 9999999999\n`,
      'an empty address',
    ],
    [`one.example/w/peer-binding/v1\n${PEER}\n\n9999999999 1\n`, 'an end before its beginning'],
  ])('by the right key, but malformed, does not count: %j', async (text) => {
    const bytes = formatNote(
      await signNote(utf8Encode(text === '' ? 'x\n' : text), [{ key: peerBindingKey(one.key), sign: one.sign }]),
    );
    expect(() => openPeerBinding(bytes, { witnesses: [one.key], peerId: PEER, at: AT })).toThrow(
      expect.objectContaining({ code: 'invalid-binding' }),
    );
  });

  test('is never a cosignature or a checkpoint, whatever the name of the witness', async () => {
    const { text, signatures } = parseNote(note);
    expect(() => parseCheckpoint(text)).toThrow();
    // The signature says nothing under the witness's own key, over this text or over any checkpoint's.
    const cosigner = cosignatureVerifier(one.key);
    expect(signatures.some((signature) => cosigner.verify(text, signature.signature))).toBe(false);
    const checkpoint = utf8Encode('log.example\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n');
    expect(utf8Decode(cosignatureMessage(checkpoint, 1n)).split('\n')[0]).toBe('cosignature/v1');
    for (const name of ['cosignature/v1', 'cosignature', 'subtree/v1']) {
      const odd = witness(name);
      const attempt = formatPeerBinding({ ...binding, witness: odd.key }, odd.sign);
      if (name === 'cosignature') expect(utf8Decode(await attempt)).toMatch(/^cosignature\/peer-binding\/v1\n/);
      else await expect(attempt).rejects.toMatchObject({ code: 'invalid-binding' });
    }
  });

  test('is not made with a key that is not Ed25519', async () => {
    const key = verifierKey('pq.example', KEY_TYPE.mlDsa44Cosignature, new Uint8Array(1312));
    await expect(formatPeerBinding({ ...binding, witness: key }, one.sign)).rejects.toMatchObject({
      code: 'invalid-binding',
    });
  });
});

describe('bound peers', () => {
  test('a bound peer is known by its witness key, and admitted where strangers have no place', async () => {
    const keyFile = nodes.path('bound');
    const peersFile = nodes.path('bound-peers.json');
    const first = await nodes.start({ keyFile });
    const { peerId } = first.node;
    await first.node.close();
    const note = await formatPeerBinding(period({ ...binding, peerId }), one.sign);
    const aKey = nodes.path('admits');

    const a = await nodes.start({ keyFile: aKey, peersFile, witnesses: [one.key] });
    const b = await nodes.start({ keyFile, binding: note });
    await b.node.connect(a.node.addresses()[0]!);
    await until(() => a.node.peers()[0]?.score === 20, 'the score of a witness');
    expect(a.node.peers()).toMatchObject([{ id: peerId, witness: { name: 'one.example/w' }, reserved: true }]);
    await a.node.close();

    // After a restart without any place for strangers: the binding was kept.
    const again = await nodes.start({ keyFile: aKey, peersFile, witnesses: [one.key], tuning: { openInbound: 0 } });
    await b.node.connect(again.node.addresses()[0]!);
    await until(() => again.node.peers().length === 1, 'the bound peer');
    const stranger = await nodes.startRaw();
    await stranger.dial(again.node).catch(() => undefined);
    await until(() => stranger.network.getConnections().length === 0, 'the refusal');
  });

  test('a binding can be made when the node knows its ID and its addresses', async () => {
    const a = await nodes.start({ witnesses: [one.key] });
    const b = await nodes.start({
      binding: (peerId, addresses) => formatPeerBinding(period({ ...binding, peerId, addresses }), one.sign),
    });
    await b.node.connect(a.node.addresses()[0]!);
    await until(() => a.node.peers()[0]?.witness?.name === 'one.example/w', 'the binding');
    expect(a.node.peers()[0]?.id).toBe(b.node.peerId);
  });

  test("another peer's binding is worth nothing", async () => {
    const note = await formatPeerBinding(period({ ...binding, peerId: OTHER }), one.sign);
    const a = await nodes.start({ witnesses: [one.key] });
    const thief = await nodes.start({ binding: note });
    await thief.node.connect(a.node.addresses()[0]!);
    await thief.node.syncWith(a.node.peerId);
    expect(a.node.peers()).toMatchObject([{ id: thief.node.peerId, reserved: false, score: 0 }]);
    expect(a.node.peers()[0]?.witness).toBeUndefined();
  });

  function period(of: PeerBinding): PeerBinding {
    return { ...of, notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 60_000) };
  }
});
