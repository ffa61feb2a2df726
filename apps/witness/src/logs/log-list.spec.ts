import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatLogList, parseLogList } from './log-list.js';

// The form of the lists of witness-network.org, with names of our own.
const LIST = `#
# List: testing
#
logs/v0

vkey log.example.com+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k \t
qpd 86400
contact log-operators@example.com

# the second one has an origin of its own
vkey example.org/tlog+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
origin another name
qpd 24
contact sysadmin (at) example.org | https://example.org/about
`;

describe('a log list', () => {
  test('is logs with key, origin, queries per day and contact', () => {
    const key = '530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
    expect(parseLogList(LIST)).toEqual([
      {
        vkey: `log.example.com+${key}`,
        origin: 'log.example.com',
        qpd: 86400,
        contact: 'log-operators@example.com',
      },
      {
        vkey: `example.org/tlog+${key}`,
        origin: 'another name',
        qpd: 24,
        contact: 'sysadmin (at) example.org | https://example.org/about',
      },
    ]);
  });

  test('may be empty', () => {
    expect(parseLogList('# nothing yet\nlogs/v0\n')).toEqual([]);
  });

  test('is read back as it was written', () => {
    const logs = parseLogList(LIST);
    expect(parseLogList(formatLogList(logs))).toEqual(logs);
  });

  test.each([
    ['nothing', ''],
    ['another version', LIST.replace('logs/v0', 'logs/v1')],
    ['no version', LIST.replace('logs/v0\n', '')],
    ['a word that is none', LIST.replace('qpd 24', 'qpm 24')],
    ['no qpd', LIST.replace('qpd 24\n', '')],
    ['the origin before the key', LIST.replace('vkey log', 'origin log')],
    ['the contact before the qpd', LIST.replace('qpd 24\n', 'contact me\nqpd 24\n')],
    ['qpd 0', LIST.replace('qpd 24', 'qpd 0')],
    ['qpd 2^31', LIST.replace('qpd 24', 'qpd 2147483648')],
    ['a qpd that is no decimal', LIST.replace('qpd 24', 'qpd 1e3')],
    ['a key without a value', LIST.replace(/vkey log.*/, 'vkey')],
    ['a last log that is cut off', LIST.slice(0, LIST.lastIndexOf('contact'))],
    ['a last line that is cut off', LIST.slice(0, -2)],
    ['a line without an end', LIST.replace('sysadmin', 'x'.repeat(9000))],
  ])('with %s is refused as a whole', (_, text) => {
    expect(() => parseLogList(text)).toThrow(expect.objectContaining({ code: 'malformed-list' }));
  });

  test('of any text is read or refused', () => {
    const lines = fc.array(
      fc.constantFrom('logs/v0', 'vkey a+b+c', 'origin x', 'origin none', 'qpd 1', 'contact y', '', '# z', 'qpd'),
    );
    fc.assert(
      fc.property(lines, (all) => {
        try {
          const logs = parseLogList(`${all.join('\n')}\n`);
          expect(parseLogList(formatLogList(logs))).toEqual(logs);
        } catch (error) {
          expect(error).toEqual(expect.objectContaining({ code: 'malformed-list' }));
        }
      }),
    );
  });
});
