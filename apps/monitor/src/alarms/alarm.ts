/** What a monitor raises an alarm about. The set is closed: rules of an operator's own can rely on it. */
export const ALARM_KINDS = {
  /** A key is convicted by evidence that anybody can verify. It stays until the operator acknowledges it. */
  evidence: 'error',
  /** The log shows a smaller tree than one that it has signed before: a stale copy, or a restored backup. */
  rollback: 'error',
  /** The log shows a head, and nothing proves that it extends the one before: who forks a log withholds its tiles. */
  unproven: 'error',
  /** What an observer of many heads finds odd: heads that nothing links, a log that signs too fast, … */
  suspicion: 'warn',
  /** The address of the log gives no checkpoint that its key has signed. */
  unreachable: 'warn',
  /** The published checkpoint is one that those who demand the policy's quorum refuse. */
  'no-quorum': 'warn',
  /** The newest time in the published checkpoint is too long ago. */
  stale: 'warn',
  /** An address shows an older tree than the log has had for long, or nothing. */
  'view-behind': 'warn',
} as const satisfies Record<string, 'error' | 'warn'>;

export type AlarmKind = keyof typeof ALARM_KINDS;

/** What an alarm is about. There is one alarm for each at a time. */
export interface AlarmTopic {
  readonly kind: AlarmKind;
  readonly origin: string;
  /** What of the log: a URL, a policy, a kind of suspicion, an accused key. Empty where there is but one. */
  readonly subject: string;
}

/** What is known about a topic. `undecided`: nothing yet, or not for long enough; what was found before stays. */
export interface Finding extends AlarmTopic {
  readonly verdict: 'on' | 'off' | 'undecided';
  /** For people: what is wrong, in one line. */
  readonly message: string;
  /** Below the monitor: where the evidence is. */
  readonly evidence?: string;
}

export interface Alarm extends AlarmTopic {
  /** The same through restarts, and in every message about this alarm; another one when the trouble comes back. */
  readonly id: string;
  readonly sinceMs: number;
  /** When it was last found to be so. */
  readonly lastMs: number;
  readonly message: string;
  readonly evidence?: string;
  /** When it was over; undefined while it lasts. */
  readonly clearedMs?: number;
  /** What of it was delivered. */
  readonly told: 'nothing' | 'raised' | 'cleared';
}

/** An alarm as the world sees it: on `/alarms`, on `/status` and in the body of the webhook. Times are ISO 8601. */
export interface PublicAlarm extends AlarmTopic {
  readonly id: string;
  readonly severity: 'error' | 'warn';
  readonly since: string;
  readonly last: string;
  readonly cleared: string | null;
  readonly message: string;
  readonly evidence: string | null;
}

export function publicAlarm(alarm: Alarm): PublicAlarm {
  const { id, kind, origin, subject, sinceMs, lastMs, clearedMs, message, evidence } = alarm;
  return {
    id,
    kind,
    severity: ALARM_KINDS[kind],
    origin,
    subject,
    since: new Date(sinceMs).toISOString(),
    last: new Date(lastMs).toISOString(),
    cleared: clearedMs === undefined ? null : new Date(clearedMs).toISOString(),
    message,
    evidence: evidence ?? null,
  };
}
