import { expect, test } from '@jest/globals';
import { agoHtml, counted, digitsHtml, timeHtml } from './page.js';

test('numbers are counted and grouped for people', () => {
  expect([counted(1, 'log'), counted(2000, 'log'), counted(0, 'witness', 'es')]).toEqual([
    '1 log',
    '2,000 logs',
    '0 witnesses',
  ]);
  expect(digitsHtml('20852014')).toBe('20\u202f852\u202f014');
});

test('times are in UTC to the second, and how long ago in a unit that fits', () => {
  const at = '2026-01-02T03:04:05.678Z';
  expect(timeHtml(at)).toBe(`<time datetime="${at}">2026-01-02 03:04:05 UTC</time>`);
  const said = [0, 119, 120, 7200, 172_800].map((s) => />(.*)</.exec(agoHtml(at, Date.parse(at) + s * 1000))?.[1]);
  expect(said).toEqual(['0 s ago', '119 s ago', '2 min ago', '2 h ago', '2 days ago']);
});
