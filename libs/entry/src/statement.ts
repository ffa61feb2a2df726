import { EntryError } from './entry-error.js';
import { parseJson, readMessage, type MessageRules } from './message-reader.js';

export const IN_TOTO_PAYLOAD_TYPE = 'application/vnd.in-toto+json';
const STATEMENT_TYPES: readonly string[] = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];

/** Bounds of sigstore-go: a statement is about a build, not about the world. */
const STATEMENT_SUBJECTS_MAX = 1024;
const SUBJECT_DIGESTS_MAX = 32;

/** An in-toto attestation: a predicate about subjects (https://github.com/in-toto/attestation/blob/main/spec/v1). */
export interface Statement {
  readonly subjects: readonly Subject[];
  readonly predicateType: string;
  /** Any JSON. */
  readonly predicate: unknown;
}

export interface Subject {
  readonly name: string;
  /** Algorithm as in-toto names it (`sha256`) → hex. */
  readonly digest: ReadonlyMap<string, string>;
}

const RULES: MessageRules = {
  name: 'statement',
  refuse: (message, cause) => new EntryError('malformed-statement', message, { cause }),
  unknownFields: 'ignore',
};

/** Parses an envelope's payload of type `application/vnd.in-toto+json`. @throws EntryError malformed-statement */
export function parseStatement(payload: Uint8Array): Statement {
  return readMessage(parseJson(payload, RULES), RULES, (message) => {
    const type = message.string('_type');
    if (!STATEMENT_TYPES.includes(type)) {
      throw RULES.refuse(`statement._type is ${JSON.stringify(type)}, it should be ${STATEMENT_TYPES.join(' or ')}`);
    }
    return {
      subjects: message.messages('subject', STATEMENT_SUBJECTS_MAX, (subject) => ({
        name: subject.string('name'),
        digest: subject.stringMap('digest', SUBJECT_DIGESTS_MAX),
      })),
      predicateType: message.requiredString('predicateType'),
      predicate: message.value('predicate'),
    };
  });
}
