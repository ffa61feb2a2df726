import { describe, expect, test } from '@jest/globals';
import { decodeProtoBytes } from './proto-bytes.js';

describe('bytes of protobuf JSON', () => {
  test.each(['+/8=', '-_8=', '-_8', '+/8'])('%s is read', (text) => {
    expect(decodeProtoBytes(text)).toEqual(Uint8Array.of(0xfb, 0xff));
  });

  test.each(['+/8 ', 'A', '=', 'AA=A', '+/9='])('%j is refused', (text) => {
    expect(() => decodeProtoBytes(text)).toThrow(expect.objectContaining({ code: 'malformed-base64' }));
  });

  test('padding in the wrong place is refused in no time, however much there is', () => {
    const begun = performance.now();
    // In quadratic time it would be minutes.
    expect(() => decodeProtoBytes(`${'='.repeat(400_000)}A`)).toThrow(
      expect.objectContaining({ code: 'malformed-base64' }),
    );
    expect(performance.now() - begun).toBeLessThan(30_000);
  });
});
