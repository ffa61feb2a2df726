import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import { EMPTY_ROOT, MAX_SIZE } from '#libs/merkle';
import { formatNote, signNote } from '#libs/note';
import { ed25519Signer } from '../../../test/note-signers.js';
import { formatCheckpoint, logVerifier, openCheckpoint, parseCheckpoint } from './index.js';

const code = (name: string): unknown => expect.objectContaining({ code: name });

// The example of C2SP tlog-checkpoint.
const TEXT = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';

describe('the text of a checkpoint', () => {
  test('of the specification is read, and written back as it was', () => {
    const checkpoint = parseCheckpoint(utf8Encode(TEXT));
    expect(checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20852163n, extensions: [] });
    expect(utf8Decode(formatCheckpoint(checkpoint))).toBe(TEXT);
  });

  test('is read again as it was written', () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\n'));
    const any = fc.record({
      origin: line,
      size: fc.bigInt(0n, MAX_SIZE),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      extensions: fc.array(line),
    });
    fc.assert(
      fc.property(any, (checkpoint) => {
        expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
      }),
    );
  });

  test('mutated in a byte is refused, or written back as it was', () => {
    const mutated = fc
      .tuple(fc.nat({ max: TEXT.length - 1 }), fc.nat({ max: 255 }))
      .map(([at, byte]) => utf8Encode(TEXT).with(at, byte));
    fc.assert(
      fc.property(mutated, (text) => {
        let checkpoint;
        try {
          checkpoint = parseCheckpoint(text);
        } catch (error) {
          expect(error).toEqual(code('malformed-checkpoint'));
          return;
        }
        expect(formatCheckpoint(checkpoint)).toEqual(text);
      }),
    );
  });

  test.each([
    ['nothing', ''],
    ['two lines', TEXT.split('\n').slice(0, 2).join('\n') + '\n'],
    ['no last newline', TEXT.slice(0, -1)],
    ['an empty origin', TEXT.slice(TEXT.indexOf('\n'))],
    ['an empty extension line', `${TEXT}\nextension\n`],
    ['an empty last line', `${TEXT}\n`],
    ['a leading zero', TEXT.replace('20852163', '020852163')],
    ['a sign', TEXT.replace('20852163', '+20852163')],
    ['a hexadecimal size', TEXT.replace('20852163', '0x13')],
    ['no size', TEXT.replace('20852163', '')],
    ['a size of 2^63', TEXT.replace('20852163', '9223372036854775808')],
    ['a size of a thousand digits', TEXT.replace('20852163', '1'.repeat(1000))],
    ['full-width digits', TEXT.replace('20852163', '２０')],
    ['a root of 31 bytes', TEXT.replace('q2I=', 'qw==')],
    ['a root without padding', TEXT.replace('=', '')],
    ['a root with bits in the padding', TEXT.replace('q2I=', 'q2J=')],
    ['a carriage return', TEXT.replaceAll('\n', '\r\n')],
  ])('with %s is refused', (_, text) => {
    expect(() => parseCheckpoint(utf8Encode(text))).toThrow(code('malformed-checkpoint'));
  });

  test('that is not UTF-8 is refused', () => {
    expect(() => parseCheckpoint(utf8Encode(TEXT).with(0, 0xff))).toThrow(code('malformed-checkpoint'));
  });

  test.each([
    ['an empty origin', { origin: '' }],
    ['a newline in the origin', { origin: 'a\nb' }],
    ['an empty extension', { extensions: [''] }],
    ['a negative size', { size: -1n }],
    ['a size of 2^63', { size: MAX_SIZE + 1n }],
    ['a root of 31 bytes', { root: EMPTY_ROOT.subarray(1) }],
  ])('is not written with %s', (_, part) => {
    const checkpoint = { origin: 'example.com/log', size: 0n, root: EMPTY_ROOT, extensions: [] };
    expect(() => formatCheckpoint({ ...checkpoint, ...part })).toThrow(code('malformed-checkpoint'));
  });
});

describe('a signed checkpoint', () => {
  const log = ed25519Signer('example.com/log');
  const text = formatCheckpoint({ origin: 'example.com/log', size: 0n, root: EMPTY_ROOT, extensions: [] });

  test('is opened by the key that has its origin as name', async () => {
    const note = formatNote(await signNote(text, [log]));
    const { checkpoint, verified } = openCheckpoint(note, [logVerifier(log.key)]);
    expect(checkpoint).toMatchObject({ origin: 'example.com/log', size: 0n });
    expect(verified.map(({ name }) => name)).toEqual(['example.com/log']);
  });

  test('signed only by a key of another name is refused', async () => {
    const other = ed25519Signer('example.com/other');
    const note = formatNote(await signNote(text, [other]));
    expect(() => openCheckpoint(note, [logVerifier(other.key)])).toThrow(code('origin-mismatch'));
  });

  test('is refused where the text that was signed is no checkpoint', async () => {
    const note = formatNote(await signNote(utf8Encode('example.com/log\n'), [log]));
    expect(() => openCheckpoint(note, [logVerifier(log.key)])).toThrow(code('malformed-checkpoint'));
  });
});
