import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SettingsError } from '#libs/server';
import { loadConfig } from './config.js';

describe('the settings of the trust service', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tally-trust-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const load = (deployment: string) =>
    loadConfig({
      TALLY_TRUST_PROFILE: 'development',
      TALLY_TRUST_PORT: '7100',
      TALLY_TRUST_DEPLOYMENT: deployment,
    });

  test('name a deployment file that is not there', () => {
    expect(() => load(join(folder, 'none.json'))).toThrow(SettingsError);
    expect(() => load(join(folder, 'none.json'))).toThrow(/none.json \(TALLY_TRUST_DEPLOYMENT\)/);
  });

  test('say what is wrong in a deployment file', () => {
    const path = join(folder, 'deployment.json');
    writeFileSync(path, JSON.stringify({ name: 'Example', quorum: '2', surprise: true }));
    expect(() => load(path)).toThrow(SettingsError);
    expect(() => load(path)).toThrow(/rekorLogs[\s\S]*quorum[\s\S]*surprise|surprise[\s\S]*rekorLogs/);
  });
});
