import { describe, expect, test } from '@jest/globals';
import { localServer } from '../../../test/local-server.js';
import { formatJson } from './context.js';
import { invoke } from './testing/invoke.js';

/** A clear screen, a window title, a CSI of one character, an override of the direction. */
const HOSTILE = 'gone\u001b[2J\u001b]0;x\u0007\u009b31m\u202e';
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe('a terminal', () => {
  test.each([['people'], ['--json'], ['--debug']])('obeys no service whose refusal is shown (%s)', async (way) => {
    const server = await localServer((_, response) => {
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ message: HOSTILE }));
    });
    try {
      const flags = way === 'people' ? [] : [way];
      const { exit, stdout, stderr } = await invoke([
        'trust',
        'show',
        '--trust-config',
        `${server.url}/trust.json`,
        ...flags,
      ]);
      expect(exit).toBe(1);
      expect(stderr).toMatch('answered HTTP 400: gone');
      expect(stdout + stderr).not.toMatch(CONTROLS);
    } finally {
      await server.close();
    }
  });

  test('obeys no text in JSON, which still says the same', () => {
    const json = formatJson({ text: HOSTILE });
    expect(json).not.toMatch(CONTROLS);
    expect(JSON.parse(json)).toEqual({ text: HOSTILE });
  });
});
