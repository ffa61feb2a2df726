import { sha256, toHex } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import type { Logger } from 'pino';
import { ALARM_KINDS, type Alarm, type AlarmKind, type AlarmTopic, type Finding } from './alarm.js';
import type { AlarmStore } from './alarm-store.js';

/** Far more than any configuration has topics: what is beyond is in the logs only. */
const OPEN_MAX = 1024;
/** Alarms that are over: shown for a while, and kept until they are delivered, but no more of them. */
const CLEARED_MAX = 256;
const MESSAGE_MAX = 500;
const ID_DIGITS = 24;

export interface AlarmsOptions {
  readonly store: AlarmStore;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Raises each alarm once and clears it when it is over, through restarts. */
export class Alarms {
  readonly #open = new Map<string, Alarm>();
  #cleared: readonly Alarm[] = [];
  #onNews: () => void = () => undefined;

  private constructor(private readonly options: AlarmsOptions) {}

  /** @throws EventStoreError, Error for stored alarms that can't be read */
  static async open(options: AlarmsOptions): Promise<Alarms> {
    const alarms = new Alarms(options);
    for (const alarm of await options.store.load()) {
      if (alarm.clearedMs === undefined) alarms.#open.set(nameOf(alarm), alarm);
      else alarms.#cleared = [...alarms.#cleared, alarm];
    }
    return alarms;
  }

  /** From now on called when there is something to deliver. */
  notify(onNews: () => void): void {
    this.#onNews = onNews;
  }

  /** Those that last, the newest first. */
  all(): readonly Alarm[] {
    return [...this.#open.values()].toSorted((a, b) => b.sinceMs - a.sinceMs);
  }

  /** Those that are over, the newest first. */
  cleared(): readonly Alarm[] {
    return this.#cleared.toReversed();
  }

  count(kind: AlarmKind): number {
    let count = 0;
    for (const alarm of this.#open.values()) if (alarm.kind === kind) count++;
    return count;
  }

  has(topic: AlarmTopic): boolean {
    return this.#open.has(nameOf(topic));
  }

  apply(finding: Finding): void {
    const open = this.#open.get(nameOf(finding));
    if (finding.verdict === 'on') {
      if (open) this.#open.set(nameOf(finding), { ...open, ...said(finding), lastMs: this.options.now() });
      else this.#raise(finding);
    } else if (finding.verdict === 'off' && open) {
      this.#clear(open);
    }
  }

  /** Clears the alarms about what is not watched any more. */
  retain(isWatched: (topic: AlarmTopic) => boolean): void {
    for (const alarm of this.#open.values()) if (!isWatched(alarm)) this.#clear(alarm);
  }

  /** The oldest alarm that somebody has to be told of, and what about it; evidence waits for none of the others. */
  untold(): { readonly alarm: Alarm; readonly state: 'raised' | 'cleared' } | undefined {
    const waiting = [...this.#cleared, ...this.#open.values()].filter(isUntold);
    const [alarm] = waiting.toSorted((a, b) => weightOf(a) - weightOf(b) || a.sinceMs - b.sinceMs);
    return alarm && { alarm, state: alarm.told === 'nothing' ? 'raised' : 'cleared' };
  }

  /** How many deliveries wait. */
  waiting(): number {
    return [...this.#cleared, ...this.#open.values()].filter(isUntold).length;
  }

  /** It was delivered. */
  told(id: string, state: 'raised' | 'cleared'): void {
    const mark = (alarm: Alarm): Alarm => (alarm.id === id ? { ...alarm, told: state } : alarm);
    for (const [name, alarm] of this.#open) this.#open.set(name, mark(alarm));
    this.#cleared = this.#cleared.map(mark);
    this.#changed();
  }

  #raise(finding: Finding): void {
    const { kind, origin, subject } = finding;
    const { logger, now } = this.options;
    const sinceMs = now();
    const name = nameOf(finding);
    const id = toHex(sha256(utf8Encode(`${name}\n${sinceMs}`))).slice(0, ID_DIGITS);
    const alarm: Alarm = { id, kind, origin, subject, ...said(finding), sinceMs, lastMs: sinceMs, told: 'nothing' };
    const level = ALARM_KINDS[kind];
    logger[level]({ alarm: kind, state: 'raised', id, origin, subject, evidence: alarm.evidence }, alarm.message);
    // Of evidence there is one per configured key: it is never what there is no room for.
    if (this.#open.size >= OPEN_MAX && kind !== 'evidence') return;
    this.#open.set(name, alarm);
    this.#changed();
    this.#onNews();
  }

  #clear(alarm: Alarm): void {
    const { id, kind, origin, subject } = alarm;
    const { logger, now } = this.options;
    this.#open.delete(nameOf(alarm));
    logger.info({ alarm: kind, state: 'cleared', id, origin, subject }, `over: ${alarm.message}`);
    const cleared = [...this.#cleared, { ...alarm, clearedMs: now() }];
    if (cleared.length > CLEARED_MAX) {
      const dropped = cleared.shift();
      if (dropped && isUntold(dropped)) logger.error({ id: dropped.id }, 'an alarm was never delivered');
    }
    this.#cleared = cleared;
    this.#changed();
    this.#onNews();
  }

  #changed(): void {
    this.options.store.save([...this.#cleared, ...this.#open.values()]);
  }
}

function isUntold({ told, clearedMs }: Alarm): boolean {
  return told === 'nothing' || (told === 'raised' && clearedMs !== undefined);
}

function weightOf({ kind }: Alarm): number {
  return kind === 'evidence' ? 0 : 1;
}

function said({ message, evidence }: Finding): Pick<Alarm, 'message' | 'evidence'> {
  return { message: message.slice(0, MESSAGE_MAX), ...(evidence !== undefined && { evidence }) };
}

function nameOf({ kind, origin, subject }: AlarmTopic): string {
  return `${kind}\n${origin}\n${subject}`;
}
