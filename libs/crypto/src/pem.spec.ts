import { describe, expect, test } from '@jest/globals';
import { decodePem, encodePem } from './pem.js';

const DER = Uint8Array.from({ length: 100 }, (_, i) => i);
const BLOCK = encodePem('PUBLIC KEY', DER);

function malformed(text: string, label?: string): void {
  expect(() => decodePem(text, label)).toThrow(expect.objectContaining({ code: 'malformed-pem' }));
}

describe('PEM', () => {
  test('blocks are read in order, whatever stands between them and however their lines end', () => {
    const text = `what follows is a key\r\n${BLOCK.replaceAll('\n', '\r\n')}and once more\n${BLOCK}`;
    expect(decodePem(text, 'PUBLIC KEY')).toEqual([DER, DER]);
    expect(decodePem(BLOCK.replaceAll('\n', ' \n \n'))).toEqual([DER]);
  });

  test('a block of another kind, two labels, bad base64, or no block at all is refused', () => {
    malformed(BLOCK, 'CERTIFICATE');
    malformed(BLOCK.replace('END PUBLIC', 'END PRIVATE'));
    malformed(BLOCK.replace('AAEC', 'AAE='));
    malformed('');
  });

  test('a block that never ends is refused in no time, whatever it holds', () => {
    const begun = performance.now();
    // In quadratic time it would be minutes.
    malformed(`-----BEGIN PUBLIC KEY-----${' '.repeat(300_000)}`);
    malformed(`-----BEGIN PUBLIC KEY-----A${' '.repeat(300_000)}!`);
    malformed('-----BEGIN A-----'.repeat(100_000));
    expect(performance.now() - begun).toBeLessThan(30_000);
  });
});
