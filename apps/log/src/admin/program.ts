import { Command } from 'commander';
import { CodedError, encodePem } from '#libs/crypto';
import { SettingsError } from '#libs/server';
import { loadConfig } from '../config.js';
import { freezeLog } from './freeze-log.js';
import { logKey } from './log-key.js';
import { openOffline, type OfflineLog } from './offline-log.js';
import { rebuildLog, verifyLog } from './rebuild-log.js';

const PROGRESS_EVERY_MS = 1_000;

/** Runs `tally-admin`. @returns the exit code: 0 done, 1 a difference or an error of the log, 2 usage */
export async function runAdmin(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  let exit = 0;
  const onLog = async (run: (log: OfflineLog) => Promise<number>): Promise<void> => {
    const log = await openOffline(loadConfig(env));
    try {
      exit = await run(log);
    } finally {
      await log.store.close();
    }
  };
  const program = new Command('tally-admin')
    .description(
      'What the operator of a log does while its service is stopped. The settings are those of the log, TALLY_LOG_….',
    )
    .exitOverride()
    .configureHelp({ showGlobalOptions: false });
  const log = program.command('log').description('look after a log');
  const key = (command: Command, create: boolean): Command =>
    command
      .option('--pem', 'print the public key as PEM, for a trusted root, and not as a verifier key')
      .action(async ({ pem = false }: { pem?: boolean }) => {
        const { verifierKey, spki } = await logKey(loadConfig(env), create);
        process.stdout.write(pem ? encodePem('PUBLIC KEY', spki) : `${verifierKey}\n`);
      });
  key(log.command('init').description('make the key of a log that does not exist yet, and print it'), true);
  key(log.command('key').description('print the key that witnesses and policies know the log by'), false);
  log
    .command('rebuild')
    .description('derive tiles, bundles and checkpoint from the events, and put them in the place of what is there')
    .option('--verify', 'change nothing: compare with what is there, and report the first difference')
    .action(({ verify }: { verify?: boolean }) =>
      onLog((offline) => (verify ? verifyCommand(offline) : rebuildCommand(offline))),
    );
  log
    .command('freeze')
    .description('end a log for good: it keeps its entries and takes no new ones (its next shard is another log)')
    .action(() => onLog(freezeCommand));
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exit;
  } catch (error) {
    return explain(error);
  }
}

async function verifyCommand(log: OfflineLog): Promise<number> {
  const found = await verifyLog(log, progress());
  if ('problem' in found) {
    process.stdout.write(`✗ ${log.origin}: ${found.path} ${found.problem}\n`);
    process.stderr.write('  tally-admin log rebuild writes the files anew, and keeps the old ones beside\n');
    return 1;
  }
  const checked = `${found.files} files and ${found.signedCheckpoints} signed checkpoints are what the events say`;
  process.stdout.write(`✓ ${log.origin}: ${found.size} entries, ${checked}\n`);
  return 0;
}

async function rebuildCommand(log: OfflineLog): Promise<number> {
  const { size, files, before } = await rebuildLog(log, progress());
  process.stdout.write(
    `✓ ${log.origin}: ${size} entries, ${files} files written anew; what was there is in ${before}\n`,
  );
  return 0;
}

async function freezeCommand(log: OfflineLog): Promise<number> {
  const size = await freezeLog(log);
  process.stdout.write(
    `✓ ${log.origin} is frozen with ${size} entries; start it once more to publish its final checkpoint\n`,
  );
  return 0;
}

function progress(): (entries: bigint) => void {
  let last = performance.now();
  return (entries) => {
    if (!process.stderr.isTTY || performance.now() - last < PROGRESS_EVERY_MS) return;
    last = performance.now();
    process.stderr.write(`\r${entries} entries …`);
  };
}

function explain(error: unknown): number {
  const { code, exitCode } = error as { code?: unknown; exitCode?: unknown };
  if (typeof exitCode === 'number') return exitCode === 0 ? 0 : 2; // commander has said what is wrong
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`✗ ${message}\n`);
  if (code === 'store-locked') process.stderr.write('  stop the service of the log first\n');
  if (error instanceof SettingsError) return 2;
  if (!(error instanceof CodedError)) process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`);
  return 1;
}
