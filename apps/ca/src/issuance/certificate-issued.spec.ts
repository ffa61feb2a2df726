import { describe, expect, test } from '@jest/globals';
import { toHex } from '#crypto';
import { certificateIssuedEvent, decodeCertificateIssued, encodeCertificateIssued } from './certificate-issued.js';

const event = {
  certificateHash: new Uint8Array(32).fill(0xcc),
  serialNumber: Uint8Array.of(0x12, 0x34),
  notBeforeMs: 1_780_000_000_000n,
  notAfterMs: 1_780_000_600_000n,
  logId: new Uint8Array(32).fill(0x11),
  sctTimestampMs: 1_780_000_000_123n,
  leafIndex: 5n,
};

describe('CertificateIssued/v1', () => {
  test('has this layout for ever', () => {
    expect(toHex(encodeCertificateIssued(event))).toBe(
      `${'cc'.repeat(32)}${'11'.repeat(32)}0000019e704488000000019e704dafc00000019e7044887b` +
        '021234080000000000000005',
    );
  });

  test.each([event, { ...event, leafIndex: undefined }])('is read as it was written', (written) => {
    expect(decodeCertificateIssued(encodeCertificateIssued(written))).toEqual(written);
  });

  test('that is cut off or has more bytes is refused', () => {
    const data = encodeCertificateIssued(event);
    expect(() => decodeCertificateIssued(data.subarray(0, -1))).toThrow(expect.objectContaining({ code: 'truncated' }));
    expect(() => decodeCertificateIssued(Uint8Array.of(...data, 0))).toThrow(
      expect.objectContaining({ code: 'trailing-data' }),
    );
  });

  test('is the same event whenever it is made, and another one in another stream', () => {
    expect(certificateIssuedEvent('ca-1', event)).toEqual(certificateIssuedEvent('ca-1', event));
    expect(certificateIssuedEvent('ca-2', event).id).not.toBe(certificateIssuedEvent('ca-1', event).id);
  });
});
