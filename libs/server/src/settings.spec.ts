import { afterEach, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createLogger } from './logger.js';
import { readSettings, serviceSettings, SettingsError } from './settings.js';

const schema = z.strictObject({ ...serviceSettings, limit: z.coerce.number().max(9).default(1), file: z.string() });

test('a setting that is wrong is named with its value, and with what it should be', () => {
  const env = { TALLY_ECHO_PORT: 'abc', TALLY_ECHO_PROFILE: 'test', TALLY_ECHO_LIMIT: '10' };
  expect(() => readSettings('TALLY_ECHO_', schema, env)).toThrow(
    new SettingsError(
      [
        'the settings are not right:',
        'TALLY_ECHO_PROFILE is "test": expected one of "development"|"production"',
        'TALLY_ECHO_PORT is "abc": expected number',
        'TALLY_ECHO_LIMIT is "10": Too big: expected number to be <=9',
        'TALLY_ECHO_FILE is not set',
      ].join('\n  '),
    ),
  );
});

afterEach(() => {
  delete process.env['TALLY_LOGGING'];
});

test('a level of logging that does not exist is refused as a setting', () => {
  process.env['TALLY_LOGGING'] = 'loud';
  expect(() => createLogger('echo')).toThrow(
    new SettingsError('TALLY_LOGGING is "loud": expected one of fatal, error, warn, info, debug, trace, silent'),
  );
});
