import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { listenOnLoopback } from './loopback.js';

test('a client that is slower than 20 s is answered 408, and not after the five minutes that Node gives it', async () => {
  const listener = await listenOnLoopback(0, () => (_, response) => void response.end());
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      let received = '';
      const socket = connect(listener.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: x\r\n'));
      socket.setEncoding('latin1').on('data', (data: string) => (received += data));
      socket.on('error', reject).on('close', () => resolve(received));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  } finally {
    await listener.close();
  }
});
