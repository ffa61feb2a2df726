import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { concatBytes, utf8Decode, utf8Encode } from '#libs/crypto';
import {
  NOTE_MAX_BYTES,
  NOTE_MAX_SIGNATURES,
  formatNote,
  formatSignatureLine,
  parseNote,
  parseSignatureLines,
} from './index.js';

const LINE =
  '— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
// The first example of C2SP signed-note: a text with an empty line in it.
const POEM = `Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
`;

const malformed = expect.objectContaining({ code: 'malformed-note' });

test('the text is separated by the last empty line', () => {
  const note = parseNote(utf8Encode(POEM));
  expect(utf8Decode(note.text)).toBe(POEM.slice(0, POEM.indexOf('\n—')));
  expect(note.signatures.map(({ name }) => name)).toEqual(['quasimodo.example/salvatore']);
  expect(utf8Decode(formatNote(note))).toBe(POEM);
});

test('a text that ends in empty lines keeps them', () => {
  const note = parseNote(utf8Encode(`text\n\n\n\n${LINE}`));
  expect(utf8Decode(note.text)).toBe('text\n\n\n');
});

test('what is written is read again, whatever the text and the signatures', () => {
  const text = fc
    .array(
      fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll(/\p{Cs}|[^ -\u{10ffff}]/gu, '')),
      { minLength: 1 },
    )
    .map((lines) => utf8Encode(`${lines.join('\n')}\n`));
  const signature = fc.record({
    name: fc.stringMatching(/^[a-z0-9./è-]{1,20}$/),
    keyId: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
  });
  const note = fc.record({ text, signatures: fc.array(signature, { minLength: 1, maxLength: 16 }) });
  fc.assert(
    fc.property(note, (any) => {
      const bytes = formatNote(any);
      expect(parseNote(bytes)).toEqual(any);
      expect(formatNote(parseNote(bytes))).toEqual(bytes);
    }),
  );
});

test('bytes at random are refused, or written back as they were', () => {
  const mutated = fc
    .tuple(fc.nat({ max: POEM.length - 1 }), fc.nat({ max: 255 }))
    .map(([at, byte]) => utf8Encode(POEM).with(at, byte));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), mutated), (bytes) => {
      let note;
      try {
        note = parseNote(bytes);
      } catch (error) {
        expect(error).toEqual(malformed);
        return;
      }
      expect(formatNote(note)).toEqual(bytes);
    }),
  );
});

test.each([
  ['nothing', ''],
  ['no signature', 'text\n'],
  ['an empty signature part', 'text\n\n'],
  ['no text', `\n${LINE}`],
  ['no blank line', `text\n${LINE}`],
  ['no last newline', `text\n\n${LINE.slice(0, -1)}`],
  ['a line that is no signature', `text\n\n${LINE}hello\n`],
  ['a hyphen for the dash', `text\n\n${LINE.replace('—', '-')}`],
  ['two spaces', `text\n\n${LINE.replace(' ', '  ')}`],
  ['a word too many', `text\n\n${LINE.replace('\n', ' more\n')}`],
  ['a plus in a name', `text\n\n${LINE.replace('/', '+')}`],
  ['a no-break space in a name', `text\n\n${LINE.replace('/', '\u00a0')}`],
  ['url-safe base64', `text\n\n${LINE.replace('/Zt', '_Zt').replace('TgK7', 'Tg-7')}`],
  ['base64 without padding', `text\n\n${LINE.replace('=', '')}`],
  ['base64 with bits in the padding', `text\n\n${LINE.replace('yaQM=', 'yaQN=')}`],
  ['a key ID alone', 'text\n\n— example.com/foo Uw2QOg==\n'],
  ['a carriage return in the text', `text\r\n\n${LINE}`],
  ['a carriage return in a signature', `text\n\n${LINE.replace('\n', '\r\n')}`],
  ['a tab in the text', `te\txt\n\n${LINE}`],
])('a note with %s is refused', (_, note) => {
  expect(() => parseNote(utf8Encode(note))).toThrow(malformed);
});

test('a text that is not UTF-8 is refused', () => {
  const note = concatBytes(Uint8Array.of(0xc3, 0x28), utf8Encode(`\n\n${LINE}`));
  expect(() => parseNote(note)).toThrow(malformed);
});

test('a byte order mark is part of the text', () => {
  const bytes = utf8Encode(`\ufefftext\n\n${LINE}`);
  expect(formatNote(parseNote(bytes))).toEqual(bytes);
});

test('signatures up to the limit are read, and not one more', () => {
  expect(parseSignatureLines(LINE.repeat(NOTE_MAX_SIGNATURES))).toHaveLength(NOTE_MAX_SIGNATURES);
  expect(() => parseSignatureLines(LINE.repeat(NOTE_MAX_SIGNATURES + 1))).toThrow(malformed);
});

test('a note above the limit of bytes is refused', () => {
  expect(() => parseNote(utf8Encode(`${'x'.repeat(NOTE_MAX_BYTES)}\n\n${LINE}`))).toThrow(malformed);
});

test.each([
  ['a text without its newline', { text: 'text', signatures: parseSignatureLines(LINE) }],
  ['a text with a control character', { text: 'te\u0000xt\n', signatures: parseSignatureLines(LINE) }],
  ['no signature', { text: 'text\n', signatures: [] }],
])('a note with %s is not written', (_, { text, signatures }) => {
  expect(() => formatNote({ text: utf8Encode(text), signatures })).toThrow(malformed);
});

test.each([
  { name: 'a b', keyId: new Uint8Array(4), signature: new Uint8Array(1) },
  { name: 'a', keyId: new Uint8Array(5), signature: new Uint8Array(1) },
  { name: 'a', keyId: new Uint8Array(4), signature: new Uint8Array(0) },
])('a signature that could not be read is not written: %j', (signature) => {
  expect(() => formatSignatureLine(signature)).toThrow(malformed);
});
