import { beforeAll, describe, expect, test } from '@jest/globals';
import { toBase64 } from '#crypto';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import { brokenPromise, forkEvidence } from '../../../test/contradictions.js';
import { ed25519Signer, mlDsa44Signer, rfc6962Signer } from '../../../test/note-signers.js';
import { EVIDENCE_MAX_BYTES, formatEvidence, parseEvidence, verifyEvidence, type Evidence } from './index.js';

const ORIGIN = 'log.example/2026';
const code = (name: string): unknown => expect.objectContaining({ code: name });
const log = ed25519Signer(ORIGIN);
const files: Record<Evidence['kind'], Uint8Array> = {} as never;

beforeAll(async () => {
  files['same-size'] = formatEvidence(await forkEvidence(ORIGIN, log, { older: 8, newer: 8, forkAt: 3 }));
  files['different-sizes'] = formatEvidence(await forkEvidence(ORIGIN, log, { older: 8, newer: 13, forkAt: 3 }));
  files['leaf-index'] = formatEvidence(await brokenPromise(rfc6962Signer(ORIGIN)));
});

describe.each(['same-size', 'different-sizes', 'leaf-index'] as const)('a file of %s', (kind) => {
  test('is written back as it was read', () => {
    expect(parseEvidence(files[kind]).kind).toBe(kind);
    expect(formatEvidence(parseEvidence(files[kind]))).toEqual(files[kind]);
  });

  test('says what it is in its first lines', () => {
    const [header, second, third] = utf8Decode(files[kind]).split('\n');
    expect([header, second]).toEqual(['tallystick/evidence@v1', `kind ${kind}`]);
    expect(third).toMatch(/^accused log\.example\/2026\+[0-9a-f]{8}\+/);
  });

  test('that is cut off anywhere is refused', () => {
    for (let length = 0; length < files[kind].length; length++) {
      expect(() => parseEvidence(files[kind].subarray(0, length))).toThrow(
        expect.objectContaining({ name: 'EvidenceError' }),
      );
    }
  });

  test.each([
    ['a byte behind it', (text: string) => `${text}\n`],
    ['a line before it', (text: string) => `\n${text}`],
    ['line ends of Windows', (text: string) => text.replaceAll('\n', '\r\n')],
    ['a field twice', (text: string) => text.replace(/^accused .*\n/m, (line) => line + line)],
    ['a field of another name', (text: string) => text.replace('\naccused', '\nsuspect')],
    ['two spaces', (text: string) => text.replace('accused ', 'accused  ')],
    ['a note length with a zero before it', (text: string) => text.replace('\nnote ', '\nnote 0')],
    ['a note length that is negative', (text: string) => text.replace('\nnote ', '\nnote -')],
    ['a note length that is too large', (text: string) => text.replace(/\nnote \d+/, '\nnote 999999')],
    ['a kind that does not exist', (text: string) => text.replace(/^kind .*/m, 'kind of')],
    ['another name', (text: string) => text.replace('tallystick/', 'tally/')],
  ])('with %s is refused', (_, change) => {
    expect(() => parseEvidence(utf8Encode(change(utf8Decode(files[kind]))))).toThrow(code('malformed-evidence'));
  });

  test('of a later version is named as that', () => {
    const later = utf8Decode(files[kind]).replace('@v1', '@v2');
    expect(() => parseEvidence(utf8Encode(later))).toThrow(code('unsupported-version'));
  });
});

test('the notes stand in one order', () => {
  const sameSize = parseEvidence(files['same-size']);
  const other = parseEvidence(files['different-sizes']);
  if (sameSize.kind !== 'same-size' || other.kind !== 'different-sizes') throw new Error('other kinds');
  const [first, second] = sameSize.notes;
  expect(() => formatEvidence({ ...sameSize, notes: [second, first] })).toThrow(code('malformed-evidence'));
  expect(() => formatEvidence({ ...other, older: other.newer, newer: other.older })).toThrow(
    code('malformed-evidence'),
  );
});

test('a note may hold empty lines and lines that look like fields', async () => {
  const evidence = parseEvidence(files['same-size']);
  const changed = utf8Decode(files['same-size']).replace(/^log.example\/2026\n8\n(.*)\n/m, 'note 12\n8\n$1\n');
  // It is read as far as its bytes are counted: what is wrong with it now is how they are signed.
  expect(evidence.kind).toBe('same-size');
  expect(() =>
    verifyEvidence(utf8Encode(changed.replace(/^note \d+$/m, (line) => `note ${Number(line.slice(5)) - 9}`))),
  ).toThrow(code('invalid-signature'));
});

test('a file over the limit is not looked at', () => {
  expect(() => parseEvidence(new Uint8Array(EVIDENCE_MAX_BYTES + 1))).toThrow(code('malformed-evidence'));
});

test('hostile files of the largest size are refused quickly', () => {
  const header = 'tallystick/evidence@v1\nkind different-sizes\n';
  const accused = utf8Decode(files['same-size']).split('\n')[2] as string;
  const hash = toBase64(new Uint8Array(32));
  const most = (line: string): string => line.repeat((EVIDENCE_MAX_BYTES - 1000) / line.length);
  const started = performance.now();
  for (const text of [
    `${header}accused ${'a'.repeat(EVIDENCE_MAX_BYTES - 100)}\n`,
    `${header}accused ${most('+')}\n`,
    `${header}${accused}\nroot ${hash}\n${most(`proof ${hash}\n`)}`,
    `${header}${accused}\nroot ${hash}\nproof ${most('A')}`,
    `${header}${accused}\nroot ${hash}\n${most('note 1\n\n')}`,
    `${header}${accused}\nroot ${hash}\nnote ${EVIDENCE_MAX_BYTES - 1000}\n${most('\n')}`,
    most('tallystick/evidence@v1\n'),
  ]) {
    expect(() => verifyEvidence(utf8Encode(text))).toThrow(expect.objectContaining({ name: 'EvidenceError' }));
  }
  expect(performance.now() - started).toBeLessThan(30_000);
});

test('post-quantum evidence is a tenth of the limit', async () => {
  const evidence = await forkEvidence(ORIGIN, mlDsa44Signer(ORIGIN), { older: 57, newer: 91, forkAt: 30 });
  expect(formatEvidence(evidence).length).toBeLessThan(EVIDENCE_MAX_BYTES / 10);
});
