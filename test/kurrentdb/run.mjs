/** `npm run test:kurrentdb`: what only a real KurrentDB can show. Without one nothing is run, and nothing passes. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

if (!process.env.KURRENTDB_URL) {
  process.stdout.write('KurrentDB live contract: NOT RUN (KURRENTDB_URL is not set)\n');
  process.exit(0);
}
const jest = fileURLToPath(new URL('../../node_modules/jest/bin/jest.js', import.meta.url));
const config = fileURLToPath(new URL('jest.config.mjs', import.meta.url));
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const { status } = spawnSync(process.execPath, [...flags, jest, '--config', config, '--runInBand'], {
  stdio: 'inherit',
});
process.stdout.write(`KurrentDB live contract: ${status === 0 ? 'PASSED' : 'FAILED'}\n`);
process.exit(status ?? 1);
