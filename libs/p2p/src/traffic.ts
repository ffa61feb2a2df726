import type { Connection, MultiaddrConnection, StreamMuxer } from '@libp2p/interface';
import type { Conduct } from './conduct.js';
import type { PeerBook } from './peer-book.js';
import { TokenBuckets } from './token-bucket.js';
import type { P2pTuning } from './tuning.js';

/** Of peers whose place is reserved: they have more to say to each other. */
const RESERVED_SHARE = 4;

/** What a connection of libp2p consists of, and its interface leaves out. */
interface Insides {
  /** The socket. `message`: bytes, as they come from the other side. */
  readonly maConn: MultiaddrConnection;
  /** `stream`: the other side has opened one; nothing is known yet of what it is for. */
  readonly muxer?: StreamMuxer;
}

/**
 * Counts what each peer makes us handle, whatever it is for: gossipsub never shows its duplicates and its control messages to
 * anybody, and a stream costs us more than whoever opens it.
 */
export class Traffic {
  readonly #bytes: Readonly<Record<'stranger' | 'reserved', TokenBuckets>>;
  readonly #streams: Readonly<Record<'stranger' | 'reserved', TokenBuckets>>;
  /** On which something has come in since somebody asked. */
  readonly #heard = new WeakSet<Connection>();

  constructor(
    private readonly book: PeerBook,
    private readonly conduct: Conduct,
    tuning: Pick<P2pTuning, 'bytesPerSecond' | 'bytesBurst' | 'streamsPerSecond' | 'streamsBurst'>,
  ) {
    const buckets = (rate: number, burst: number): Readonly<Record<'stranger' | 'reserved', TokenBuckets>> => ({
      stranger: new TokenBuckets(rate, burst),
      reserved: new TokenBuckets(rate * RESERVED_SHARE, burst * RESERVED_SHARE),
    });
    this.#bytes = buckets(tuning.bytesPerSecond, tuning.bytesBurst);
    this.#streams = buckets(tuning.streamsPerSecond, tuning.streamsBurst);
  }

  /** From now on the connection counts. */
  watch(connection: Connection): void {
    const peer = connection.remotePeer.toString();
    const { maConn, muxer } = connection as unknown as Insides;
    this.#heard.add(connection);
    maConn.addEventListener('message', ({ data }) => {
      this.#heard.add(connection);
      this.#count(this.#bytes, peer, data.byteLength);
    });
    muxer?.addEventListener('stream', () => this.#count(this.#streams, peer, 1));
  }

  /** Whether any byte has come in on a connection since this was asked last. */
  takeHeard(connection: Connection): boolean {
    return this.#heard.delete(connection);
  }

  forgetIdle(): void {
    for (const { stranger, reserved } of [this.#bytes, this.#streams]) {
      stranger.forgetIdle();
      reserved.forgetIdle();
    }
  }

  #count(buckets: Readonly<Record<'stranger' | 'reserved', TokenBuckets>>, peer: string, amount: number): void {
    const admitted = buckets[this.book.isReserved(peer) ? 'reserved' : 'stranger'].take(peer, amount);
    if (!admitted) this.conduct.note(peer, 'flooding');
  }
}
