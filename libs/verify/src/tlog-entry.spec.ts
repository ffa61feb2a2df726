import { describe, expect, test } from '@jest/globals';
import { formatTlogEntry, parseTlogEntry } from './tlog-entry.js';

/** As Rekor v2 answers: EmitUnpopulated, integers of 64 bits as strings. */
const ANSWER = {
  logIndex: '0',
  logId: { keyId: '8w1amZ2S5mJIQkQmPxdMuOrL/oJkvFg9MnQXmeOCXck=' },
  kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
  integratedTime: '0',
  inclusionPromise: null,
  inclusionProof: {
    logIndex: '0',
    rootHash: 'rs1YPY0ydAV0lxgfrq5pE4oRpUJwo3syeps5+eGUTDI=',
    treeSize: '1',
    hashes: [],
    checkpoint: {
      envelope: 'log.example\n1\nrs1YPY0ydAV0lxgfrq5pE4oRpUJwo3syeps5+eGUTDI=\n\n— log.example AAAAAAA=\n',
    },
  },
  canonicalizedBody: 'e30=',
};

describe('a log entry', () => {
  test('is the same after reading and writing', () => {
    expect(formatTlogEntry(parseTlogEntry(ANSWER))).toEqual(ANSWER);
  });

  test('of Rekor v1 is the same after reading and writing', () => {
    const v1 = {
      ...ANSWER,
      integratedTime: '1689177396',
      inclusionPromise: { signedEntryTimestamp: 'AQID' },
      inclusionProof: null,
    };
    expect(formatTlogEntry(parseTlogEntry(v1))).toEqual(v1);
  });

  test('keeps an index that no number can hold', () => {
    expect(parseTlogEntry({ ...ANSWER, logIndex: '9007199254740993' }).logIndex).toBe(9007199254740993n);
  });

  test('may have fields that are not known yet', () => {
    expect(parseTlogEntry({ ...ANSWER, later: 1 })).toEqual(parseTlogEntry(ANSWER));
  });

  test.each(['logId', 'kindVersion', 'canonicalizedBody'])('without %s is refused', (field) => {
    expect(() => parseTlogEntry({ ...ANSWER, [field]: null })).toThrow(
      expect.objectContaining({ code: 'malformed-bundle' }),
    );
  });
});
