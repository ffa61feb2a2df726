import type { MessageReader } from '#libs/entry';

/** dev.sigstore.common.v1.TimeRange: both ends are inclusive. */
export interface TimeRange {
  readonly start: Date;
  readonly end?: Date;
}

/** Reads a required `validFor`; without its start nothing says that the range has begun. */
export function readValidFor(message: MessageReader): TimeRange {
  return message.requiredMessage('validFor', (range) => {
    const [start, end] = [range.time('start'), range.time('end')];
    if (!start) throw range.rules.refuse(`${range.path}.start is missing`);
    return { start, ...(end && { end }) };
  });
}

export function formatTimeRange({ start, end }: TimeRange): object {
  return { start: start.toISOString(), ...(end && { end: end.toISOString() }) };
}

export function isWithin({ start, end }: TimeRange, time: Date): boolean {
  return start <= time && (end === undefined || time <= end);
}
