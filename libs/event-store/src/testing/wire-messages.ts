import any from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import status from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb.js';
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import type { Proposed, Recorded, WireExpected, WireOutcome } from './wire-log.js';

type BatchAppendReq = InstanceType<typeof streams.BatchAppendReq>;
type BatchAppendResp = InstanceType<typeof streams.BatchAppendResp>;
type ReadResp = InstanceType<typeof streams.ReadResp>;
type Options = InstanceType<typeof streams.BatchAppendReq.Options>;

export const nameOf = (identifier: { getStreamName_asU8(): Uint8Array } | undefined): string =>
  new TextDecoder().decode(identifier?.getStreamName_asU8());

function identifier(stream: string): InstanceType<typeof shared.StreamIdentifier> {
  return new shared.StreamIdentifier().setStreamName(new TextEncoder().encode(stream));
}

export function expectedOf(options: Options): WireExpected {
  if (options.hasStreamPosition()) return BigInt(options.getStreamPosition());
  if (options.hasNoStream()) return 'no_stream';
  return options.hasStreamExists() ? 'stream_exists' : 'any';
}

export function proposedOf(request: BatchAppendReq): Proposed[] {
  return request.getProposedMessagesList().map((message) => ({
    id: message.getId()?.getString() ?? '',
    type: message.getMetadataMap().get('type') ?? '',
    contentType: message.getMetadataMap().get('content-type') ?? '',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  }));
}

export function appendAnswer(correlationId: string, stream: string, outcome: WireOutcome): BatchAppendResp {
  const answer = new streams.BatchAppendResp()
    .setCorrelationId(new shared.UUID().setString(correlationId))
    .setStreamIdentifier(identifier(stream));
  if (outcome.kind === 'written') {
    const position = String(outcome.last.position);
    const at = new shared.AllStreamPosition().setCommitPosition(position).setPreparePosition(position);
    const success = new streams.BatchAppendResp.Success()
      .setCurrentRevision(String(outcome.last.revision))
      .setPosition(at);
    return answer.setSuccess(success);
  }
  const details = new any.Any();
  if (outcome.kind === 'conflict') {
    const conflict = new shared.WrongExpectedVersion();
    if (outcome.actual === undefined) conflict.setCurrentNoStream(new empty.Empty());
    else conflict.setCurrentStreamRevision(String(outcome.actual));
    details.pack(conflict.serializeBinary(), 'event_store.client.WrongExpectedVersion');
  } else {
    const exceeded = new shared.MaximumAppendSizeExceeded().setMaxappendsize(1024 * 1024);
    details.pack(exceeded.serializeBinary(), 'event_store.client.MaximumAppendSizeExceeded');
  }
  return answer.setError(new status.Status().setMessage(outcome.kind).setDetails(details));
}

export function eventAnswer(event: Recorded): ReadResp {
  const position = String(event.position);
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(event.id))
    .setStreamIdentifier(identifier(event.stream))
    .setStreamRevision(String(event.revision))
    .setCommitPosition(position)
    .setPreparePosition(position)
    .setCustomMetadata(event.metadata)
    .setData(event.data);
  recorded
    .getMetadataMap()
    .set('type', event.type)
    .set('content-type', event.contentType)
    .set('created', event.created);
  return new streams.ReadResp().setEvent(
    new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(position),
  );
}

export function notFoundAnswer(stream: string): ReadResp {
  return new streams.ReadResp().setStreamNotFound(
    new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifier(stream)),
  );
}

export function confirmationAnswer(): ReadResp {
  return new streams.ReadResp().setConfirmation(
    new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId('one of the double'),
  );
}

export const caughtUpAnswer = (): ReadResp => new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp());
