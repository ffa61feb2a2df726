import { evidencePath, type Observer } from '#libs/gossip';
import type { Finding } from '../alarms/alarm.js';

/** Every key that stands convicted; one that the operator has acknowledged is no alarm any more. */
export function judgeEvidence(observer: Observer): Finding[] {
  return observer.evidence.list().map(({ id, proven, frozen }) => ({
    kind: 'evidence',
    origin: proven.origin,
    subject: id,
    verdict: frozen ? 'on' : 'off',
    message: proven.summary,
    evidence: evidencePath(id),
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
