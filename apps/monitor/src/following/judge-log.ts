import type { Finding } from '../alarms/alarm.js';
import type { LogFollower } from './log-follower.js';
import type { ViewState } from './view-state.js';

export interface Patience {
  readonly pollMs: number;
  readonly alarmAfterMs: number;
  readonly lagAfterMs: number;
  readonly staleAfterMs: number;
}

type Verdict = Finding['verdict'];

/** What is to be said of a log, by what its addresses have shown so far. */
export function judgeLog(follower: LogFollower, patience: Patience, nowMs: number): Finding[] {
  const { origin } = follower.log;
  const own = follower.views.find(({ view }) => view.kind === 'log');
  const findings = [
    ...(own ? judgeOwn(follower, own, patience, nowMs) : []),
    ...follower.views.map((state) => judgeLag(follower, state, patience, nowMs)),
  ];
  return findings.map((finding) => ({ origin, ...finding }));
}

type OriginlessFinding = Omit<Finding, 'origin'>;

function judgeOwn(
  { rolledBack, unproven, newestTimeMs, policies, log }: LogFollower,
  own: ViewState,
  { pollMs, alarmAfterMs, staleAfterMs }: Patience,
  nowMs: number,
): OriginlessFinding[] {
  const { url } = own.view;
  const lasting = (sinceMs: number | undefined, forMs: number): Verdict =>
    sinceMs !== undefined
      ? nowMs - sinceMs >= forMs
        ? 'on'
        : 'undecided'
      : own.seenMs === undefined
        ? 'undecided'
        : 'off';
  const ageMs = newestTimeMs === undefined ? 0 : nowMs - newestTimeMs;
  return [
    {
      kind: 'unreachable',
      subject: url,
      verdict: lasting(own.failingSinceMs, alarmAfterMs),
      message: `the log shows no checkpoint: ${own.problem}`,
    },
    {
      // A cache may be late once. The next poll has to see the same.
      kind: 'rollback',
      subject: '',
      verdict: lasting(rolledBack?.sinceMs, pollMs / 2),
      message: `the log shows ${rolledBack?.size} entries; it has signed ${rolledBack?.from} before`,
    },
    {
      kind: 'unproven',
      subject: '',
      verdict: lasting(unproven?.sinceMs, alarmAfterMs),
      message: `nothing proves that what the log shows extends what it had signed: ${unproven?.reason}`,
    },
    {
      kind: 'stale',
      subject: '',
      verdict: own.seenMs === undefined ? 'undecided' : ageMs > staleAfterMs ? 'on' : 'off',
      message: `the newest time in its checkpoint is ${new Date(newestTimeMs ?? nowMs).toISOString()}`,
    },
    ...log.policies.map(({ name, policy }): OriginlessFinding => {
      const state = policies.find((one) => one.name === name);
      const count = `${state?.witnesses.length ?? 0} of its ${policy.witnesses.length} witnesses`;
      return {
        kind: 'no-quorum',
        subject: name,
        verdict: lasting(state?.missingSinceMs, alarmAfterMs),
        message: `the published checkpoint has no quorum: ${count} have cosigned it`,
      };
    }),
  ];
}

/** Late is who still shows a tree that had been outgrown by the time that the patience began; or, for as long, nothing. */
function judgeLag(follower: LogFollower, state: ViewState, { lagAfterMs }: Patience, nowMs: number): OriginlessFinding {
  const { view, size, problem, failingSinceMs } = state;
  const { kind, url: subject } = view;
  const who = kind === 'log' ? 'the log' : `the ${kind} ${view.name}`;
  if (failingSinceMs !== undefined) {
    // For the log itself there is an alarm of its own.
    const verdict = kind === 'log' || nowMs - failingSinceMs < lagAfterMs ? 'undecided' : 'on';
    return { kind: 'view-behind', subject, verdict, message: `${who} shows no checkpoint: ${problem}` };
  }
  const longAgo = follower.sizeLongAgo();
  // A log that has become smaller has an alarm of its own, too.
  const isLate = size !== undefined && size < longAgo && !(kind === 'log' && follower.rolledBack);
  const verdict = !state.asked ? 'undecided' : isLate ? 'on' : 'off';
  return {
    kind: 'view-behind',
    subject,
    verdict,
    message: `${who} shows ${size} entries; the log had ${longAgo} more than ${Math.round(lagAfterMs / 1000)} s ago`,
  };
}
