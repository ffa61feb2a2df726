/** Part of a text: the characters from `start` up to `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Where the value at `path` stands in JSON text that parses; each step is an index, or the names that a member may have. Of
 * a name that occurs twice it is the last, as JSON.parse takes it. Undefined if there is no such value.
 */
export function jsonSpan(json: string, path: readonly (number | readonly string[])[]): Span | undefined {
  let span: Span | undefined = valueAt(json, skipSpace(json, 0));
  for (const step of path) {
    let found: Span | undefined;
    let index = 0;
    for (const [name, value] of membersOf(json, span)) {
      if (typeof step === 'number' ? index === step : name !== undefined && step.includes(name)) found = value;
      index++;
    }
    if (found === undefined) return undefined;
    span = found;
  }
  return span;
}

/** The members of an object, the elements of an array (without a name), nothing of other values. */
function* membersOf(json: string, { start }: Span): Generator<readonly [name: string | undefined, value: Span]> {
  const open = json[start];
  if (open !== '{' && open !== '[') return;
  let at = skipSpace(json, start + 1);
  while (at < json.length && json[at] !== '}' && json[at] !== ']') {
    let name: string | undefined;
    if (open === '{') {
      const end = stringEnd(json, at);
      name = JSON.parse(json.slice(at, end)) as string;
      at = skipSpace(json, skipSpace(json, end) + 1); // the colon
    }
    const value = valueAt(json, at);
    yield [name, value];
    at = skipSpace(json, value.end);
    if (json[at] === ',') at = skipSpace(json, at + 1);
  }
}

function valueAt(json: string, start: number): Span {
  if (json[start] === '"') return { start, end: stringEnd(json, start) };
  if (json[start] !== '{' && json[start] !== '[') {
    let end = start;
    while (end < json.length && !/[\s,\]}]/.test(json[end] ?? '')) end++;
    return { start, end };
  }
  // Nesting is counted, not recursed into: the text is somebody else's.
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    const character = json[at];
    if (character === '"') at = stringEnd(json, at) - 1;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      depth--;
      if (depth === 0) return { start, end: at + 1 };
    }
  }
  return { start, end: json.length };
}

function stringEnd(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === '\\') at++;
    else if (json[at] === '"') return at + 1;
  }
  return json.length;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (at < json.length && /\s/.test(json[at] ?? '')) at++;
  return at;
}
