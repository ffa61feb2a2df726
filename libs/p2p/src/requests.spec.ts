import { afterAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import type { P2pError } from './p2p-error.js';
import { REQUEST_MAX_BYTES } from './requests.js';
import { TestNodes, until } from './testing/nodes.js';

const nodes = new TestNodes();
afterAll(() => nodes.closeAll());

const PROTOCOL = '/tallystick/add-checkpoint/1';

describe('requests', () => {
  test('a peer that only dials answers requests over its connection', async () => {
    const log = await nodes.start();
    const behindNat = await nodes.start({ content: undefined, listen: [], peers: log.node.addresses() });
    behindNat.node.handle(PROTOCOL, async (body, sender) => utf8Encode(`${sender.peer} said ${utf8Decode(body)}`));
    await until(() => log.node.peers().length === 1, 'the witness');
    const answer = await log.node.request(behindNat.node.peerId, PROTOCOL, utf8Encode('hello'));
    expect(utf8Decode(answer)).toBe(`${log.node.peerId} said hello`);
  });

  test('the longest request and the longest answer get through, longer ones do not', async () => {
    const [a, b] = [await nodes.start(), await nodes.start()];
    await a.node.connect(b.node.addresses()[0]!);
    b.node.handle(PROTOCOL, async (body) => (body.length > 0 ? body : new Uint8Array(REQUEST_MAX_BYTES + 1)));
    const longest = new Uint8Array(REQUEST_MAX_BYTES).fill(7);
    await expect(a.node.request(b.node.peerId, PROTOCOL, longest)).resolves.toHaveLength(REQUEST_MAX_BYTES);
    await expect(a.node.request(b.node.peerId, PROTOCOL, new Uint8Array(REQUEST_MAX_BYTES + 1))).rejects.toMatchObject({
      code: 'too-large',
    });
    await expect(a.node.request(b.node.peerId, PROTOCOL, new Uint8Array())).rejects.toMatchObject({ code: 'failed' });
  });

  test('a handler that throws fails the request, and says nothing about itself', async () => {
    const [a, b] = [await nodes.start(), await nodes.start()];
    await a.node.connect(b.node.addresses()[0]!);
    b.node.handle(PROTOCOL, () => {
      throw new Error('the secret is l0ck');
    });
    const failure = await a.node.request(b.node.peerId, PROTOCOL, new Uint8Array(1)).catch((error: P2pError) => error);
    expect(failure).toMatchObject({ code: 'failed' });
    expect(String(failure)).not.toContain('l0ck');
  });

  test('a peer that does not answer in time, an unknown protocol and an unknown peer have their codes', async () => {
    const [a, b] = [await nodes.start(), await nodes.start()];
    await a.node.connect(b.node.addresses()[0]!);
    let aborted = false;
    b.node.handle(PROTOCOL, async (_body, _sender, signal) => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      await sleep(20_000, undefined, { signal });
      return new Uint8Array();
    });
    const body = new Uint8Array(1);
    await expect(a.node.request(b.node.peerId, PROTOCOL, body, { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'timeout',
    });
    await until(() => aborted, 'the signal of the handler');
    await expect(a.node.request(b.node.peerId, '/nobody/speaks/this', body)).rejects.toMatchObject({ code: 'failed' });
    const stranger = (await nodes.startRaw()).id;
    await expect(a.node.request(stranger, PROTOCOL, body)).rejects.toMatchObject({ code: 'not-connected' });
  });

  test('the caller can stop waiting', async () => {
    const [a, b] = [await nodes.start(), await nodes.start()];
    await a.node.connect(b.node.addresses()[0]!);
    b.node.handle(PROTOCOL, async (_body, _sender, signal) => {
      await sleep(5_000, undefined, { signal });
      return new Uint8Array();
    });
    const reason = new Error('never mind');
    const stop = new AbortController();
    const request = a.node.request(b.node.peerId, PROTOCOL, new Uint8Array(1), { signal: stop.signal });
    setTimeout(() => stop.abort(reason), 50);
    await expect(request).rejects.toBe(reason);
  });

  test('a peer has only so many requests worked on at once', async () => {
    const [a, b] = [await nodes.start(), await nodes.start({ tuning: { requestsPerPeer: 2 } })];
    await a.node.connect(b.node.addresses()[0]!);
    let [working, most, refused] = [0, 0, 0];
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    b.node.handle(PROTOCOL, async (body) => {
      working += 1;
      most = Math.max(most, working);
      await released;
      working -= 1;
      return body;
    });
    const requests = Array.from({ length: 8 }, () =>
      a.node.request(b.node.peerId, PROTOCOL, new Uint8Array(1), { timeoutMs: 60_000 }).then(
        () => 'ok',
        ({ code }: P2pError) => {
          refused += 1;
          return code;
        },
      ),
    );
    await until(() => refused === 6 && working === 2, 'two, and the refusal of all others');
    release();
    expect(most).toBe(2);
    const codes = await Promise.all(requests);
    expect(codes.filter((code) => code === 'ok')).toHaveLength(2);
    expect(codes).toContain('limited');
    await expect(a.node.request(b.node.peerId, PROTOCOL, new Uint8Array(1))).resolves.toEqual(new Uint8Array(1));
  });
});
