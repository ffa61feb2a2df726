import { fromBase64 } from '#crypto';
import { utf8Decode } from '#libs/crypto';

/** How one document is read. */
export interface MessageRules {
  /** The document's name: messages begin with it. */
  readonly name: string;
  /** Makes the error to throw out of what is wrong. */
  readonly refuse: (message: string, cause?: unknown) => Error;
  /** A published format that grows is read past what is new; a request or a proof is not. */
  readonly unknownFields: 'refuse' | 'ignore';
}

const INT32_MAX = 2n ** 31n - 1n;
const INT64_MAX = 2n ** 63n - 1n;
const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** Parses JSON text. */
export function parseJson(text: string | Uint8Array, rules: MessageRules): unknown {
  try {
    return JSON.parse(typeof text === 'string' ? text : utf8Decode(text));
  } catch (cause) {
    throw rules.refuse(`${rules.name} is not JSON`, cause);
  }
}

/** Reads one object, and refuses the fields that `read` left over if the rules say so. */
export function readMessage<T>(value: unknown, rules: MessageRules, read: (message: MessageReader) => T): T {
  return readAt(value, rules.name, rules, read);
}

function readAt<T>(value: unknown, path: string, rules: MessageRules, read: (message: MessageReader) => T): T {
  const message = new MessageReader(value, path, rules);
  const result = read(message);
  message.end();
  return result;
}

/**
 * One protobuf message in its JSON form, read field by field (https://protobuf.dev/programming-guides/json): a name is in
 * lowerCamelCase or as in the .proto file, null is absence, what is absent has the default of its type, a 64-bit integer
 * may be a string, bytes are base64 of either alphabet, padded or not.
 */
export class MessageReader {
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #unread: Set<string>;

  constructor(
    value: unknown,
    readonly path: string,
    readonly rules: MessageRules,
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw rules.refuse(`${path} is ${describe(value)}, it should be an object`);
    }
    this.#fields = new Map(Object.entries(value));
    this.#unread = new Set(this.#fields.keys());
  }

  /** Any JSON; undefined if absent. */
  value(name: string): unknown {
    const spellings = new Set([name, name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]);
    const given = [...spellings].filter((spelling) => this.#fields.has(spelling));
    if (given.length > 1) throw this.#refuse(name, 'is given twice');
    const [spelling = name] = given;
    this.#unread.delete(spelling);
    return this.#fields.get(spelling) ?? undefined;
  }

  string(name: string): string {
    const value = this.value(name) ?? '';
    if (typeof value !== 'string') throw this.#wrongType(name, value, 'a string');
    return value;
  }

  requiredString(name: string): string {
    return this.string(name) || this.#missing(name);
  }

  bytes(name: string): Uint8Array {
    return this.#decode(name, this.value(name) ?? '');
  }

  requiredBytes(name: string): Uint8Array {
    const bytes = this.bytes(name);
    return bytes.length > 0 ? bytes : this.#missing(name);
  }

  /** An int64 that is an index, a size or a time: not negative. */
  int64(name: string): bigint {
    const value = this.value(name) ?? 0;
    const isInteger = typeof value === 'string' ? /^-?\d{1,19}$/.test(value) : Number.isSafeInteger(value);
    if (!isInteger) throw this.#wrongType(name, value, 'an integer of 64 bits');
    const integer = BigInt(value as string | number);
    if (integer < 0n || integer > INT64_MAX) throw this.#wrongType(name, value, 'from 0 to 2^63 - 1');
    return integer;
  }

  /** An int32 that is a number of things: not negative. */
  int32(name: string): number {
    const integer = this.int64(name);
    if (integer > INT32_MAX) throw this.#wrongType(name, integer, 'at most 2^31 - 1');
    return Number(integer);
  }

  /** An enum value by name or number; undefined if unspecified. */
  enumValue(name: string): string | number | undefined {
    const value = this.value(name) ?? 0;
    if (typeof value !== 'string' && !Number.isSafeInteger(value)) throw this.#wrongType(name, value, 'an enum value');
    return (value as string | number) || undefined;
  }

  /** A google.protobuf.Timestamp (RFC 3339), cut to milliseconds; undefined if absent. */
  time(name: string): Date | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const [, seconds, fraction = '', zone] = (typeof value === 'string' && RFC3339.exec(value)) || [];
    const time = new Date(`${seconds}${fraction.slice(0, 4)}${zone}`);
    if (Number.isNaN(time.getTime())) throw this.#wrongType(name, value, 'an RFC 3339 time');
    return time;
  }

  message<T>(name: string, read: (message: MessageReader) => T): T | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : readAt(value, `${this.path}.${name}`, this.rules, read);
  }

  requiredMessage<T>(name: string, read: (message: MessageReader) => T): T {
    const value = this.value(name) ?? this.#missing(name);
    return readAt(value, `${this.path}.${name}`, this.rules, read);
  }

  messages<T>(name: string, limit: number, read: (message: MessageReader) => T): readonly T[] {
    return this.#list(name, limit).map((value, i) => readAt(value, `${this.path}.${name}[${i}]`, this.rules, read));
  }

  bytesList(name: string, limit: number): readonly Uint8Array[] {
    return this.#list(name, limit).map((value, i) => this.#decode(`${name}[${i}]`, value));
  }

  /** A map of strings. */
  stringMap(name: string, limit: number): ReadonlyMap<string, string> {
    const map = this.value(name) ?? {};
    const entries = new MessageReader(map, `${this.path}.${name}`, this.rules).#fields;
    if (entries.size > limit) throw this.#refuse(name, `has ${entries.size} entries, the limit is ${limit}`);
    for (const [key, value] of entries) {
      if (typeof value !== 'string') throw this.#wrongType(`${name}.${key}`, value, 'a string');
    }
    return entries as ReadonlyMap<string, string>;
  }

  /** Throws if a field was never read, where the rules refuse such. */
  end(): void {
    if (this.rules.unknownFields === 'ignore') return;
    for (const name of this.#unread) throw this.#refuse(name.slice(0, 64), 'is not a known field');
  }

  #list(name: string, limit: number): readonly unknown[] {
    const value = this.value(name) ?? [];
    if (!Array.isArray(value)) throw this.#wrongType(name, value, 'a list');
    if (value.length > limit) throw this.#refuse(name, `has ${value.length} elements, the limit is ${limit}`);
    return value;
  }

  #decode(name: string, value: unknown): Uint8Array {
    if (typeof value !== 'string') throw this.#wrongType(name, value, 'base64');
    try {
      return fromBase64(standardBase64(value));
    } catch (cause) {
      throw this.#refuse(name, 'is not base64', cause);
    }
  }

  #refuse(name: string, what: string, cause?: unknown): Error {
    return this.rules.refuse(`${this.path}.${name} ${what}`, cause);
  }

  #wrongType(name: string, value: unknown, wanted: string): Error {
    return this.#refuse(name, `is ${describe(value)}, it should be ${wanted}`);
  }

  #missing(name: string): never {
    throw this.#refuse(name, 'is missing');
  }
}

/** The canonical form of what ProtoJSON accepts; line breaks are not in its text, but in every parser, and in real bundles. */
function standardBase64(text: string): string {
  const standard = text
    .replaceAll(/[\r\n]/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  return standard.padEnd(Math.ceil(standard.length / 4) * 4, '=');
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'absent';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? `the string ${JSON.stringify(value.slice(0, 40))}` : String(value);
}
