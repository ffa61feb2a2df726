import { test } from '@jest/globals';
import { runLog } from './log-run.js';
import { KURRENTDB_URL } from './server.js';

test('a log on a live KurrentDB takes entries, loses its disk, and goes on from the events', () =>
  runLog(KURRENTDB_URL));
