import { CodedError } from '#libs/crypto';

/** A log as a list names it. The key is text: of forty thousand, few are ever used. */
export interface ListedLog {
  readonly vkey: string;
  readonly origin: string;
  /** Queries per day: what it may ask of a witness. */
  readonly qpd: number;
  readonly contact: string;
}

/** - `malformed-list`: it isn't a list, or it was cut: nothing of it is used */
export class LogListError extends CodedError<'malformed-list'> {}

export const LIST_MAX_BYTES = 32 * 1024 * 1024;
export const LIST_MAX_LOGS = 100_000;
const LINE_MAX = 8_192;
const QPD_MAX = 2 ** 31;
const HEADER = 'logs/v0';

/**
 * The public format of lists of logs (witness-network.org, "log-list-format"): `logs/v0`, then of each log, in this order,
 * `vkey`, `origin` (may be left out, or `none`: the name of the key), `qpd` and `contact`. Empty lines, and lines that begin
 * with #, are left out. That the verifier keys are some is not looked at. @throws LogListError
 */
export function parseLogList(text: string): ListedLog[] {
  const logs: ListedLog[] = [];
  let begun = false;
  let vkey: string | undefined;
  let origin: string | undefined;
  let qpd: number | undefined;
  let number = 0;
  for (const raw of linesOf(text)) {
    number++;
    // Lists in use have spaces at the ends of lines.
    const line = raw.trimEnd();
    if (line === '' || line.startsWith('#')) continue;
    if (line.length > LINE_MAX) throw malformed(number, `a line has more than ${LINE_MAX} characters`);
    if (!begun) {
      if (line !== HEADER) throw malformed(number, `the first line should be ${HEADER}`);
      begun = true;
      continue;
    }
    const space = line.indexOf(' ');
    const word = space === -1 ? line : line.slice(0, space);
    const value = space === -1 ? '' : line.slice(space + 1);
    if (value === '') throw malformed(number, `${JSON.stringify(word.slice(0, 40))} has no value`);
    if (word === 'vkey' && vkey === undefined) {
      vkey = value;
      origin = value.slice(0, Math.max(0, value.indexOf('+')));
    } else if (word === 'origin' && vkey !== undefined && qpd === undefined) {
      if (value !== 'none') origin = value;
    } else if (word === 'qpd' && vkey !== undefined && qpd === undefined) {
      qpd = Number(value);
      if (!/^[1-9]\d*$/.test(value) || qpd >= QPD_MAX) throw malformed(number, 'qpd should be from 1 to 2^31 - 1');
    } else if (word === 'contact' && vkey !== undefined && origin !== undefined && qpd !== undefined) {
      if (logs.length === LIST_MAX_LOGS) throw malformed(number, `more than ${LIST_MAX_LOGS} logs`);
      logs.push({ vkey, origin, qpd, contact: value });
      [vkey, origin, qpd] = [undefined, undefined, undefined];
    } else {
      throw malformed(number, `${JSON.stringify(word.slice(0, 40))} is not in its place: vkey, origin, qpd, contact`);
    }
  }
  if (!begun) throw malformed(number, 'it is empty');
  if (vkey !== undefined) throw malformed(number, 'the last log is not complete');
  return logs;
}

/** A list that `parseLogList` reads back. */
export function formatLogList(logs: Iterable<ListedLog>): string {
  const lines = [`${HEADER}\n`];
  for (const { vkey, origin, qpd, contact } of logs) {
    lines.push(`\nvkey ${vkey}\norigin ${origin}\nqpd ${qpd}\ncontact ${contact}\n`);
  }
  return lines.join('');
}

/** Without an array of all of them. */
function* linesOf(text: string): Iterable<string> {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at);
    // A last line without its newline may have been cut.
    if (end === -1) throw new LogListError('malformed-list', 'log list: the last line has no newline');
    yield text.slice(at, end);
    at = end + 1;
  }
}

function malformed(line: number, problem: string): LogListError {
  return new LogListError('malformed-list', `log list, line ${line}: ${problem}`);
}
