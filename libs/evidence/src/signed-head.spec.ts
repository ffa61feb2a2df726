import { p256 } from '@noble/curves/nist.js';
import { describe, expect, test } from '@jest/globals';
import { equalBytes, utf8Decode, utf8Encode } from '#libs/crypto';
import { formatNote, parseNote, signNote, verifierKey, type NoteSigner } from '#libs/note';
import {
  encodeRfc6962NoteSignature,
  formatCheckpoint,
  logVerifier,
  parseCheckpoint,
  parseRfc6962NoteSignature,
} from '#libs/tlog';
import { SIGNERS, headOf, history, signedNote } from '../../../test/contradictions.js';
import { cosigner, ecdsaSigner, ed25519Signer, mlDsa44Signer, rfc6962Signer } from '../../../test/note-signers.js';
import { HEAD_MAX_BYTES, openSignedHeads, parseCanonicalHead, statedTimeMs, type SignedHead } from './index.js';

const ORIGIN = 'log.example/2026';
const code = (name: string): unknown => expect.objectContaining({ code: name });
const LEAVES = history(8);

/** The one head that a key has in a note. */
function opened(note: Uint8Array, { key }: NoteSigner): SignedHead {
  const heads = openSignedHeads(note, [key]);
  expect(heads).toHaveLength(1);
  return heads[0]!;
}

/** The note with the other ECDSA signature that anybody can make of the one in it. */
function twin(bytes: Uint8Array): Uint8Array {
  const { text, signatures } = parseNote(bytes);
  const swap = (der: Uint8Array): Uint8Array => {
    const { r, s } = p256.Signature.fromBytes(der, 'der');
    return new p256.Signature(r, p256.Point.Fn.ORDER - s).toBytes('der');
  };
  const [line] = signatures;
  const { signature } = line!;
  const swapped =
    signature[0] === 0x30
      ? swap(signature)
      : ((treeHead) => encodeRfc6962NoteSignature({ ...treeHead, signature: swap(treeHead.signature) }))(
          parseRfc6962NoteSignature(signature),
        );
  return formatNote({ text, signatures: [{ ...line!, signature: swapped }] });
}

describe.each(SIGNERS)('a head of %s', (_, make) => {
  const signer = make(ORIGIN);

  test('is opened, and its canonical form opens to itself', async () => {
    const note = await signedNote(ORIGIN, LEAVES, [signer]);
    const head = opened(note, signer);
    expect(head.checkpoint).toEqual(parseCheckpoint(parseNote(note).text));
    expect(opened(head.note, signer).note).toEqual(head.note);
    expect(parseCanonicalHead(head.note)).toMatchObject({
      checkpoint: head.checkpoint,
      signature: { name: signer.key.name, keyId: signer.key.id },
    });
  });

  test('keeps its own line only', async () => {
    const others = [ed25519Signer(ORIGIN), ed25519Signer('somebody.example'), cosigner('other.example/w', 5n)];
    const note = await signedNote(ORIGIN, LEAVES, [others[0]!, signer, ...others.slice(1)]);
    expect(parseNote(opened(note, signer).note).signatures.map(({ name }) => name)).toEqual([signer.key.name]);
  });

  test('is none when the tree was changed', async () => {
    const { text, signatures } = parseNote(await signedNote(ORIGIN, LEAVES, [signer]));
    const changed = formatCheckpoint({ ...parseCheckpoint(text), size: 9n });
    expect(openSignedHeads({ text: changed, signatures }, [signer.key])).toEqual([]);
  });
});

test('one head comes of each key that signed, none of the others', async () => {
  const log = ed25519Signer(ORIGIN);
  const [witness, other] = [cosigner('witness.example/w', 5n), cosigner('other.example/w', 5n)];
  const heads = openSignedHeads(await signedNote(ORIGIN, LEAVES, [log, witness]), [log.key, other.key, witness.key]);
  expect(heads.map(({ key }) => key)).toEqual([log.key, witness.key]);
});

test('a bad line of a known key takes away neither a good one of it nor those of others', async () => {
  const [log, witness] = [ed25519Signer(ORIGIN), cosigner('witness.example/w', 5n)];
  const { text, signatures } = parseNote(await signedNote(ORIGIN, LEAVES, [log, witness]));
  const forged = signatures.map((line) => ({ ...line, signature: new Uint8Array(64) }));
  const heads = openSignedHeads({ text, signatures: [...forged, ...signatures] }, [log.key, witness.key]);
  expect(heads.map(({ key }) => key)).toEqual([log.key, witness.key]);
});

test('a log’s key opens no note of another origin, a witness’s key does', async () => {
  const [log, witness] = [ed25519Signer(ORIGIN), cosigner('witness.example/w', 5n)];
  const note = await signedNote('other.example', LEAVES, [log, witness]);
  expect(openSignedHeads(note, [log.key, witness.key]).map(({ key }) => key)).toEqual([witness.key]);
});

describe('what a signature does not cover has one form', () => {
  test('the origin under an RFC 6962 key is the name of the key', async () => {
    const log = rfc6962Signer(ORIGIN);
    const { text, signatures } = parseNote(await signedNote(ORIGIN, LEAVES, [log]));
    const renamed = formatCheckpoint({ ...parseCheckpoint(text), origin: 'other.example' });
    const head = opened(formatNote({ text: renamed, signatures }), log);
    expect(head.checkpoint.origin).toBe(ORIGIN);
    expect(head.note).toEqual(opened(formatNote({ text, signatures }), log).note);
    expect(() => parseCanonicalHead(formatNote({ text: renamed, signatures }))).toThrow(code('not-canonical'));
  });

  test.each([
    ['RFC 6962', rfc6962Signer(ORIGIN)],
    ['ML-DSA-44', mlDsa44Signer(ORIGIN)],
  ])('extension lines under an %s key are dropped', async (_, log) => {
    const { text, signatures } = parseNote(await signedNote(ORIGIN, LEAVES, [log]));
    const extended = utf8Encode(`${utf8Decode(text)}extension\n`);
    expect(opened(formatNote({ text: extended, signatures }), log).note).toEqual(
      formatNote({
        text,
        signatures: [opened(formatNote({ text, signatures }), log)].map((head) => parseNote(head.note).signatures[0]!),
      }),
    );
  });

  test('extension lines under an Ed25519 key are kept, as it signed them', async () => {
    const log = ed25519Signer(ORIGIN);
    const head = await headOf(ORIGIN, LEAVES, log, { extensions: ['grease'] });
    expect(head.checkpoint.extensions).toEqual(['grease']);
  });
});

describe('of the two ECDSA signatures that anybody can make of one', () => {
  test.each([
    ['an ECDSA log', ecdsaSigner(ORIGIN)],
    ['a CT log', rfc6962Signer(ORIGIN)],
  ])('of %s both open to one head, and only one is gossiped', async (_, log) => {
    // Half of the signatures that are made have the larger s: a log that makes those is no worse than another.
    for (let i = 0; i < 16; i++) {
      const note = await signedNote(ORIGIN, LEAVES, [log]);
      const head = opened(note, log);
      expect(opened(twin(note), log).note).toEqual(head.note);
      expect(
        logVerifier(log.key).verify(
          parseNote(twin(head.note)).text,
          parseNote(twin(head.note)).signatures[0]!.signature,
        ),
      ).toBe(true);
      expect(parseCanonicalHead(head.note).checkpoint).toEqual(head.checkpoint);
      expect(() => parseCanonicalHead(twin(head.note))).toThrow(code('not-canonical'));
      expect([note, twin(note)].some((bytes) => equalBytes(bytes, head.note))).toBe(true);
    }
  });
});

describe('no canonical head', () => {
  test.each([
    ['of two signatures', (line: string) => line + line],
    ['of none', () => ''],
    ['without its last newline', (line: string) => line.slice(0, -1)],
    ['over the limit', (line: string) => line.replace(/ (\S+)\n/, () => ` ${'A'.repeat(HEAD_MAX_BYTES)}\n`)],
  ])('is a note %s', async (_, change) => {
    const note = utf8Decode(await signedNote(ORIGIN, LEAVES, [ed25519Signer(ORIGIN)]));
    const at = note.indexOf('—');
    expect(() => parseCanonicalHead(utf8Encode(note.slice(0, at) + change(note.slice(at))))).toThrow(
      code('not-canonical'),
    );
  });

  test('is a note that is no checkpoint', async () => {
    const note = formatNote(await signNote(utf8Encode('text\n'), [ed25519Signer('text')]));
    expect(() => parseCanonicalHead(note)).toThrow(code('not-canonical'));
  });
});

test.each([
  ['no note', utf8Encode('text\n')],
  ['no checkpoint', utf8Encode('text\n\n— a AAAAAAAA\n')],
])('heads are not opened in %s', (_, bytes) => {
  expect(() => openSignedHeads(bytes, [])).toThrow(code('malformed-note'));
});

test('a signed head over the limit is refused, not passed over', async () => {
  const log = ed25519Signer(ORIGIN);
  const note = await signedNote(ORIGIN, LEAVES, [log], { extensions: ['x'.repeat(HEAD_MAX_BYTES)] });
  expect(() => openSignedHeads(note, [log.key])).toThrow(code('malformed-note'));
});

test('a key that is none opens nothing', async () => {
  const note = await signedNote(ORIGIN, LEAVES, [ed25519Signer(ORIGIN)]);
  const key = verifierKey(ORIGIN, 0x02, Uint8Array.of(1));
  const { text, signatures } = parseNote(note);
  const lines = signatures.map((line) => ({ ...line, keyId: key.id }));
  expect(() => openSignedHeads({ text, signatures: lines }, [key])).toThrow(code('unsupported-key'));
});

test('the time of a head is the one that its signature states, in milliseconds', async () => {
  const timeOf = async (signer: NoteSigner): Promise<bigint | undefined> =>
    statedTimeMs(await headOf(ORIGIN, LEAVES, signer));
  expect(await timeOf(cosigner('witness.example/w', 7n))).toBe(7000n);
  expect(await timeOf(mlDsa44Signer('witness.example/w', 0n))).toBeUndefined();
  expect(await timeOf(rfc6962Signer(ORIGIN, 7n))).toBe(7n);
  expect(await timeOf(ed25519Signer(ORIGIN))).toBeUndefined();
});
