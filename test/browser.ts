import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

/** Whether there is a browser for the tests that need one; says so on stderr when there is none. */
export function browserIsInstalled(): boolean {
  if (existsSync(CHROMIUM)) return true;
  process.stderr.write(
    `no browser at ${CHROMIUM} (Debian: apt-get install chromium): the tests that need one are skipped\n`,
  );
  return false;
}

/** Debian's Chromium, headless, calling nobody on its own account. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
