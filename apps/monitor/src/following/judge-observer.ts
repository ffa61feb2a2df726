import type { Observer } from '#libs/gossip';
import type { Finding } from '../alarms/alarm.js';

/** Where the file of an evidence is, below the monitor. */
export function evidenceUrl(id: string): string {
  return `/evidence/${id.slice(0, 16)}.evidence`;
}

/** Every key that stands convicted; one that the operator has acknowledged is no alarm any more. */
export function judgeEvidence(observer: Observer): Finding[] {
  return observer.evidence.list().map(({ id, proven, frozen }) => ({
    kind: 'evidence',
    origin: proven.origin,
    subject: id,
    verdict: frozen ? 'on' : 'off',
    message: proven.summary,
    evidence: evidenceUrl(id),
  }));
}

export function judgeSuspicions(observer: Observer): Finding[] {
  return observer.suspected().map(({ suspicion: { kind, origin, reason } }) => ({
    kind: 'suspicion',
    origin,
    subject: kind,
    verdict: 'on',
    message: reason,
  }));
}
