import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const project = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** Jest's settings as elsewhere, for the tests that the normal run doesn't match. */
export default {
  ...project.jest,
  rootDir: fileURLToPath(new URL('../..', import.meta.url)),
  roots: ['<rootDir>/test/kurrentdb'],
  testMatch: ['**/*.live.ts'],
  testTimeout: 300_000,
};
