import { describe, expect, test } from '@jest/globals';
import { utf8Encode } from '#libs/crypto';
import { KEY_TYPE, formatVerifierKey, verifierKey } from '#libs/note';
import { cosigner, ed25519Signer } from '../../../test/note-signers.js';
import { formatPolicy, parsePolicy } from './index.js';

const malformed = expect.objectContaining({ code: 'malformed-policy' });

const vkey = ({ key }: ReturnType<typeof cosigner>): string => formatVerifierKey(key);
const LOG = vkey(ed25519Signer('example.com/log'));
const [X1, X2, X3, Y1, Y2, Y3] = ['x1', 'x2', 'x3', 'y1', 'y2', 'y3'].map((name) => vkey(cosigner(name, 0n)));

// The shape of the example of C2SP tlog-policy, with what its text allows besides.
const EXAMPLE = `# one log
log ${LOG} https://log.example.com/

witness X1 ${X1}
witness X2 ${X2} https://x2.example.com
\t witness \t X3 ${X3}\t
group X-witnesses 2 X1 X2 X3

witness Y1 ${Y1}
witness Y2 ${Y2}
witness Kühn ${Y3}
  # indented
group Y-witnesses any Y1 Y2 Kühn

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`;

describe('a policy', () => {
  test('with nested groups is read', () => {
    const policy = parsePolicy(EXAMPLE);
    expect(policy.logs.map(({ key, url }) => [key.name, url])).toEqual([
      ['example.com/log', 'https://log.example.com/'],
    ]);
    expect(policy.witnesses.map(({ name, url }) => [name, url])).toEqual([
      ['X1', undefined],
      ['X2', 'https://x2.example.com'],
      ['X3', undefined],
      ['Y1', undefined],
      ['Y2', undefined],
      ['Kühn', undefined],
    ]);
    expect(policy.groups).toEqual([
      { name: 'X-witnesses', threshold: 2, members: ['X1', 'X2', 'X3'] },
      { name: 'Y-witnesses', threshold: 1, members: ['Y1', 'Y2', 'Kühn'] },
      { name: 'X-and-Y', threshold: 2, members: ['X-witnesses', 'Y-witnesses'] },
    ]);
    expect(policy.quorum).toBe('X-and-Y');
  });

  test('is read from bytes as from text, and again as it was written', () => {
    const policy = parsePolicy(EXAMPLE);
    expect(parsePolicy(utf8Encode(EXAMPLE))).toEqual(policy);
    expect(parsePolicy(formatPolicy(policy))).toEqual(policy);
  });

  test('may ask for no cosignature, or for that of one witness', () => {
    expect(parsePolicy('quorum none\n')).toEqual({ logs: [], witnesses: [], groups: [], quorum: 'none' });
    expect(parsePolicy(`witness w ${X1}\nquorum w\n`).quorum).toBe('w');
  });

  test('may have its quorum before lines that it does not name', () => {
    expect(parsePolicy(`quorum none\nwitness w ${X1}\n`).witnesses).toHaveLength(1);
  });

  test('of 32 logs, witnesses and groups is read', () => {
    const lines = Array.from({ length: 32 }, (_, i) => [
      `log ${vkey(ed25519Signer(`log${i}`))}`,
      `witness w${i} ${vkey(cosigner(`w${i}`, 0n))}`,
      `group g${i} all w${i}`,
    ]).flat();
    expect(parsePolicy(`${lines.join('\n')}\nquorum g31\n`).groups).toHaveLength(32);
  });

  test.each([
    ['no quorum', `log ${LOG}\n`],
    ['nothing', ''],
    ['two quorum lines', 'quorum none\nquorum none\n'],
    ['a quorum that is not defined', 'quorum w\n'],
    ['a quorum that is defined later', `quorum w\nwitness w ${X1}\n`],
    ['a quorum of two names', `witness a ${X1}\nwitness b ${X2}\nquorum a b\n`],
    ['a last line that was cut', `witness all-of-x ${X1}\nquorum all-of-x`],
    ['an unknown keyword', 'quorum none\nmirror m\n'],
    ['a comment behind a line', 'quorum none # nobody\n'],
    ['a carriage return', 'quorum none\r\n'],
    ['a delete character', 'quorum none\n# \u007f\n'],
    ['a log without a key', 'log\nquorum none\n'],
    ['a log with two URLs', `log ${LOG} a b\nquorum none\n`],
    ['a log with a broken key', `log ${LOG.slice(0, -1)}\nquorum none\n`],
    ['a log with the key of a witness', `log ${X1}\nquorum none\n`],
    ['a witness with the key of a log', `witness w ${LOG}\nquorum none\n`],
    ['a witness without a name', `witness ${X1}\nquorum none\n`],
    ['a log twice', `log ${LOG}\nlog ${LOG}\nquorum none\n`],
    ['a witness twice', `witness a ${X1}\nwitness b ${X1}\nquorum none\n`],
    ['a name twice', `witness a ${X1}\nwitness a ${X2}\nquorum none\n`],
    ['a group with the name of a witness', `witness a ${X1}\ngroup a all a\nquorum none\n`],
    ['a witness called none', `witness none ${X1}\nquorum none\n`],
    ['a group called none', `witness a ${X1}\ngroup none all a\nquorum none\n`],
    ['none as a member', `group g all none\nquorum none\n`],
    ['an empty group', 'group g all\nquorum none\n'],
    ['a group of itself', 'group g all g\nquorum none\n'],
    ['a group of a later witness', `group g all a\nwitness a ${X1}\nquorum g\n`],
    ['a member twice in a group', `witness a ${X1}\ngroup g any a a\nquorum g\n`],
    ['a member of two groups', `witness a ${X1}\ngroup g any a\ngroup h any a\nquorum h\n`],
    ['a threshold of 0', `witness a ${X1}\ngroup g 0 a\nquorum g\n`],
    ['a threshold above the members', `witness a ${X1}\ngroup g 2 a\nquorum g\n`],
    ['a threshold with a leading zero', `witness a ${X1}\ngroup g 01 a\nquorum g\n`],
    ['a threshold that is no number', `witness a ${X1}\ngroup g most a\nquorum g\n`],
    ['a megabyte too much', `${'#'.repeat(2 ** 20)}\nquorum none\n`],
  ])('with %s is refused', (_, text) => {
    expect(() => parsePolicy(text)).toThrow(malformed);
  });

  test('with one public key under two names is refused', () => {
    const { key } = cosigner('witness.example/1', 0n);
    const again = formatVerifierKey(verifierKey('witness.example/2', key.type, key.publicKey));
    const text = `witness a ${formatVerifierKey(key)}\nwitness b ${again}\nquorum none\n`;
    expect(() => parsePolicy(text)).toThrow(malformed);
  });

  test('with a key that is no point of its curve is refused', () => {
    const key = formatVerifierKey(verifierKey('witness.example/1', KEY_TYPE.cosignature, new Uint8Array(32)));
    expect(() => parsePolicy(`witness a ${key}\nquorum none\n`)).toThrow(malformed);
  });

  test('that is not UTF-8 is refused', () => {
    expect(() => parsePolicy(utf8Encode('# \nquorum none\n').with(1, 0xff))).toThrow(malformed);
  });

  test('tells the line that is wrong', () => {
    expect(() => parsePolicy('# a\n\nquorum nobody\n')).toThrow(/line 3/);
  });

  test('is not written where it could not be read', () => {
    const policy = parsePolicy(EXAMPLE);
    expect(() => formatPolicy({ ...policy, quorum: 'nobody' })).toThrow(malformed);
  });
});
