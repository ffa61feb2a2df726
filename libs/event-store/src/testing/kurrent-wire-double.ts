import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  status as Status,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerInterceptor,
  type ServerUnaryCall,
  type ServerWritableStream,
  type StatusObject,
} from '@grpc/grpc-js';
import featuresService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb.js';
import features from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js';
import streamsService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js';
import type streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import { WireLog, type Proposed, type Recorded, type WireExpected } from './wire-log.js';
import {
  appendAnswer,
  caughtUpAnswer,
  confirmationAnswer,
  eventAnswer,
  expectedOf,
  nameOf,
  notFoundAnswer,
  proposedOf,
} from './wire-messages.js';

type BatchCall = ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;
type ReadCall = ServerWritableStream<streams.ReadReq, streams.ReadResp>;

/**
 * - `silence`: the append is not carried out, and not answered
 * - `end`: not carried out; the stream of all appends ends cleanly
 * - `lost-answer`: carried out, and the answer never comes
 * - `lost-connection`: carried out, then the stream of all appends fails
 * - `duplicate-answer`: carried out, and answered twice
 * - `unavailable`, `not-leader`: not carried out, and the stream of all appends fails
 */
export type AppendFault =
  'silence' | 'end' | 'lost-answer' | 'lost-connection' | 'duplicate-answer' | 'unavailable' | 'not-leader';
export type ReadFault = 'silence' | 'unavailable' | 'not-leader' | 'access-denied';

export interface WireAppend {
  readonly stream: string;
  readonly expected: WireExpected;
  readonly ids: readonly string[];
  readonly requiresLeader: boolean;
}

export interface WireRead {
  /** `$all` for reads of everything. */
  readonly stream: string;
  readonly subscription: boolean;
  readonly requiresLeader: boolean;
}

/**
 * Not KurrentDB: a small server of our own that speaks its published protocol, so that the real client can be used
 * in tests without a server. What passes against it shows that the adapter and the client do the right thing on the wire,
 * and under faults that a real server has only now and then. It shows nothing about KurrentDB: that is for the live tests.
 */
export class KurrentWireDouble {
  readonly appends: WireAppend[] = [];
  readonly reads: WireRead[] = [];
  /** Taken one by one by the next appends, or reads. */
  readonly appendFaults: AppendFault[] = [];
  readonly readFaults: ReadFault[] = [];
  /** Where `not-leader` sends to. */
  leader: KurrentWireDouble | undefined;
  readonly #server = new Server({
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    interceptors: [headersAtOnce],
  });
  readonly #subscriptions = new Map<ReadCall, AbortController>();
  readonly #batches = new Set<BatchCall>();
  port = 0;

  private constructor(readonly log: WireLog) {}

  static async start(log = new WireLog()): Promise<KurrentWireDouble> {
    const double = new KurrentWireDouble(log);
    await double.#listen();
    return double;
  }

  get url(): string {
    return `kurrentdb://127.0.0.1:${this.port}?tls=false`;
  }

  /** Ends every subscription: with an error, cleanly, or by going silent without ending it. */
  dropSubscriptions(how: 'error' | 'end' | 'silence'): number {
    const dropped = [...this.#subscriptions];
    this.#subscriptions.clear();
    for (const [call, stop] of dropped) {
      stop.abort();
      if (how === 'error') call.emit('error', failure(Status.UNAVAILABLE, 'dropped'));
      if (how === 'end') call.end();
    }
    return dropped.length;
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  async stop(): Promise<void> {
    this.dropSubscriptions('silence');
    this.#server.forceShutdown();
  }

  #listen(): Promise<void> {
    this.#server.addService(streamsService.StreamsService, {
      read: (call: ReadCall) => void this.#read(call).catch((error: unknown) => call.emit('error', error)),
      batchAppend: (call: BatchCall) => this.#batchAppend(call),
      append: (_: unknown, done: sendUnaryData<unknown>) => done(failure(Status.UNIMPLEMENTED, 'one by one')),
      delete: (_: unknown, done: sendUnaryData<unknown>) => done(failure(Status.UNIMPLEMENTED, 'delete')),
      tombstone: (_: unknown, done: sendUnaryData<unknown>) => done(failure(Status.UNIMPLEMENTED, 'tombstone')),
    });
    this.#server.addService(featuresService.ServerFeaturesService, {
      getSupportedMethods: (_: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>) =>
        done(null, supportedMethods()),
    });
    return new Promise((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
        if (error) reject(error);
        this.port = port;
        resolve();
      });
    });
  }

  #batchAppend(call: BatchCall): void {
    const requiresLeader = call.metadata.get('requires-leader').includes('true');
    const pending = new Map<string, { stream: string; expected: WireExpected; events: Proposed[] }>();
    this.#batches.add(call);
    call.on('error', () => undefined);
    call.on('data', (request: streams.BatchAppendReq) => {
      const correlationId = request.getCorrelationId()?.getString() ?? '';
      const options = request.getOptions();
      if (options) {
        const stream = nameOf(options.getStreamIdentifier());
        pending.set(correlationId, { stream, expected: expectedOf(options), events: [] });
      }
      const append = pending.get(correlationId);
      if (append === undefined) return;
      append.events.push(...proposedOf(request));
      if (!request.getIsFinal()) return;
      pending.delete(correlationId);
      const { stream, expected, events } = append;
      this.appends.push({ stream, expected, ids: events.map(({ id }) => id), requiresLeader });
      this.#answerAppend(call, correlationId, stream, expected, events);
    });
    call.on('end', () => call.end());
  }

  #answerAppend(
    call: BatchCall,
    correlationId: string,
    stream: string,
    expected: WireExpected,
    events: readonly Proposed[],
  ): void {
    const fault = this.appendFaults.shift();
    switch (fault) {
      case 'silence':
        return;
      case 'end':
        call.end();
        return;
      case 'unavailable':
        call.emit('error', failure(Status.UNAVAILABLE, 'not now'));
        return;
      case 'not-leader':
        call.emit('error', this.#notLeader());
        return;
    }
    const answer = appendAnswer(correlationId, stream, this.log.append(stream, expected, events));
    if (fault === 'lost-answer') return;
    if (fault === 'lost-connection') {
      call.emit('error', failure(Status.UNAVAILABLE, 'gone'));
      return;
    }
    call.write(answer);
    if (fault === 'duplicate-answer') call.write(answer);
  }

  async #read(call: ReadCall): Promise<void> {
    const options = call.request.getOptions();
    const all = options?.getAll();
    const stream = all ? '$all' : nameOf(options?.getStream()?.getStreamIdentifier());
    const requiresLeader = call.metadata.get('requires-leader').includes('true');
    const subscription = options?.hasSubscription() ?? false;
    this.reads.push({ stream, subscription, requiresLeader });
    const fault = this.readFaults.shift();
    if (fault === 'silence') return;
    if (fault === 'unavailable') throw failure(Status.UNAVAILABLE, 'not now');
    if (fault === 'not-leader') throw this.#notLeader();
    if (fault === 'access-denied') throw denied();
    if (options === undefined) return;
    if (subscription) return this.#subscribe(call, options, stream);
    const found = all ? readAll(this.log.all, options) : readStream(this.log, stream, options);
    if (found === undefined) call.write(notFoundAnswer(stream));
    else for (const event of found.slice(0, Number(options.getCount()))) await write(call, eventAnswer(event));
    call.end();
  }

  async #subscribe(call: ReadCall, options: streams.ReadReq.Options, stream: string): Promise<void> {
    const from = options.getStream();
    const stop = new AbortController();
    this.#subscriptions.set(call, stop);
    call.on('cancelled', () => {
      this.#subscriptions.delete(call);
      stop.abort();
    });
    await write(call, confirmationAnswer());
    let next = from?.hasRevision() ? Number(from.getRevision()) + 1 : 0;
    let live = false;
    while (!stop.signal.aborted) {
      const found = this.log.visible(stream);
      const event = found?.events[Math.max(next, found.first)];
      if (event) {
        await write(call, eventAnswer(event));
        next = Number(event.revision) + 1;
      } else {
        if (!live) await write(call, caughtUpAnswer());
        live = true;
        await this.log.grown(stop.signal);
      }
    }
  }

  #notLeader(): Partial<StatusObject> {
    const metadata = new Metadata();
    metadata.set('exception', 'not-leader');
    metadata.set('leader-endpoint-host', '127.0.0.1');
    metadata.set('leader-endpoint-port', String((this.leader ?? this).port));
    return failure(Status.NOT_FOUND, 'not the leader', metadata);
  }
}

function readStream(log: WireLog, stream: string, options: streams.ReadReq.Options): Recorded[] | undefined {
  const found = log.visible(stream);
  if (found === undefined) return undefined;
  const from = options.getStream();
  const events = found.events.slice(found.first);
  if (options.getReadDirection() === 0) {
    const low = from?.hasRevision() ? BigInt(from.getRevision()) : 0n;
    return events.filter(({ revision }) => revision >= low);
  }
  const high = from?.hasRevision() ? BigInt(from.getRevision()) : undefined;
  return events.filter(({ revision }) => high === undefined || revision <= high).toReversed();
}

function readAll(all: readonly Recorded[], options: streams.ReadReq.Options): Recorded[] {
  const filter = options.getFilter()?.getStreamIdentifier();
  const prefixes = filter?.getPrefixList() ?? [];
  const regex = new RegExp(filter?.getRegex() ?? '', 'u');
  const passes = ({ stream }: Recorded): boolean =>
    regex.test(stream) && (prefixes.length === 0 || prefixes.some((prefix) => stream.startsWith(prefix)));
  const position = options.getAll()?.getPosition()?.getCommitPosition();
  const at = position === undefined ? undefined : BigInt(position);
  if (options.getReadDirection() === 0) return all.filter((event) => event.position >= (at ?? 0n) && passes(event));
  return all.filter((event) => (at === undefined || event.position < at) && passes(event)).toReversed();
}

/** No faster than the client takes it: at most one answer waits. When the client has gone, that is for ever. */
function write(call: ReadCall, answer: streams.ReadResp): Promise<void> {
  return new Promise((resolve) => {
    call.write(answer, () => resolve());
  });
}

/**
 * The client's reads are sent in two small packets, of which the second waits until the first is acknowledged. An answer
 * at once brings that acknowledgement along; otherwise the kernel takes its 40 ms.
 */
const headersAtOnce: ServerInterceptor = (_, call) =>
  new ServerInterceptingCall(call, {
    start(next) {
      call.sendMetadata(new Metadata());
      next();
    },
  });

function supportedMethods(): features.SupportedMethods {
  const method = new features.SupportedMethod()
    .setServiceName('event_store.client.streams.streams')
    .setMethodName('batchappend');
  return new features.SupportedMethods().setEventStoreServerVersion('26.0.0').setMethodsList([method]);
}

function failure(code: Status, details: string, metadata = new Metadata()): StatusObject {
  return { code, details, metadata };
}

function denied(): StatusObject {
  const metadata = new Metadata();
  metadata.set('exception', 'access-denied');
  return failure(Status.PERMISSION_DENIED, 'access denied', metadata);
}
