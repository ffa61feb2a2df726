import { connect, type Socket } from 'node:net';

/** What came back on the wire, whether or not it was all that should have come. */
export interface Answer {
  /** As soon as the status line was there; undefined when not even that came. */
  readonly status: number | undefined;
  /** As much of the body as came. */
  readonly body: string;
  readonly complete: boolean;
  readonly sentAt: number;
  readonly at: number;
}

const PATIENCE_MS = 60_000;
const HEAD_END = '\r\n\r\n';

/** One HTTP/1.1 connection on which one request is under way at a time. Every byte that comes is kept, also before a cut. */
export class RawConnection {
  #socket: Socket | undefined;

  constructor(private readonly port: number) {}

  get(path: string): Promise<Answer> {
    return this.#exchange(Buffer.from(`GET ${path} HTTP/1.1\r\nHost: witness\r\n\r\n`));
  }

  post(path: string, body: Uint8Array): Promise<Answer> {
    const head = `POST ${path} HTTP/1.1\r\nHost: witness\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`;
    return this.#exchange(Buffer.concat([Buffer.from(head), body]));
  }

  close(): void {
    this.#socket?.destroy();
  }

  #exchange(request: Uint8Array): Promise<Answer> {
    const socket = this.#socket?.readyState === 'open' ? this.#socket : this.#open();
    return new Promise((resolve) => {
      const received: Buffer[] = [];
      const sentAt = performance.now();
      const finish = (): void => {
        const { status, body, complete } = readAnswer(Buffer.concat(received));
        for (const event of ['data', 'close', 'timeout']) socket.removeAllListeners(event);
        if (!complete) socket.destroy();
        resolve({ status, body, complete, sentAt, at: performance.now() });
      };
      socket.on('data', (bytes: Buffer) => {
        received.push(bytes);
        if (readAnswer(Buffer.concat(received)).complete) finish();
      });
      socket.once('close', finish);
      socket.setTimeout(PATIENCE_MS, () => socket.destroy());
      socket.write(request);
    });
  }

  #open(): Socket {
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => undefined); // 'close' follows
    this.#socket = socket;
    return socket;
  }
}

function readAnswer(bytes: Buffer): Pick<Answer, 'status' | 'body' | 'complete'> {
  const text = bytes.toString('latin1');
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
  const headEnd = text.indexOf(HEAD_END);
  const from = headEnd === -1 ? bytes.length : headEnd + HEAD_END.length;
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(text.slice(0, from))?.[1];
  return {
    status: status === undefined ? undefined : Number(status),
    body: bytes.toString('utf8', from),
    complete: length !== undefined && bytes.length - from >= Number(length),
  };
}
