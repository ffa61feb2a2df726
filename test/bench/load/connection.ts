import { connect, type Socket } from 'node:net';

const HEADER_END = Buffer.from('\r\n\r\n');

interface Waiting {
  readonly resolve: (status: number) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One keep-alive connection that sends whole, ready-made HTTP/1.1 requests, one at a time. It reads as much of an answer
 * as tells where it ends (all answers here have a content-length): a load generator that shares the machine with what it
 * measures has to be cheap.
 */
export class Connection {
  readonly #socket: Socket;
  #waiting: Waiting | undefined;
  #unread: Buffer[] = [];
  #unreadBytes = 0;
  /** Of the answer that is being read: its status, and how many bytes it has in all. */
  #status = 0;
  #answerBytes = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#receive(bytes));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket));
      });
    });
  }

  /** The status of the answer, when the last byte of it is there. */
  send(request: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  #receive(bytes: Buffer): void {
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length;
    if (this.#answerBytes === 0) this.#readHead();
    if (this.#answerBytes === 0 || this.#unreadBytes < this.#answerBytes) return;
    const [status, waiting] = [this.#status, this.#waiting];
    this.#unread = [];
    this.#unreadBytes = this.#answerBytes = 0;
    this.#waiting = undefined;
    waiting?.resolve(status);
  }

  #readHead(): void {
    const [first] = this.#unread;
    const bytes = first && this.#unread.length === 1 ? first : Buffer.concat(this.#unread);
    this.#unread = [bytes];
    const end = bytes.indexOf(HEADER_END);
    if (end === -1) return;
    const head = bytes.toString('latin1', 0, end);
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined && this.#status !== 304) {
      this.#fail(new Error(`an answer without a content-length:\n${head}`));
      return;
    }
    this.#answerBytes = end + HEADER_END.length + Number(length ?? 0);
  }
}
