import { Command, Option } from 'commander';
import type { Context } from './context.js';
import type { Io } from './io.js';
import type { AttestOptions } from './commands/attest.js';
import type { BundleUpgradeOptions } from './commands/bundle-upgrade.js';
import type { EvidenceVerifyOptions } from './commands/evidence-verify.js';
import type { LogDiffOptions } from './commands/log-diff.js';
import type { LogFsckOptions } from './commands/log-fsck.js';
import type { SignBundleOptions } from './commands/sign-bundle.js';
import type { SignOptions } from './commands/sign.js';
import type { TrustExportOptions } from './commands/trust-export.js';
import type { VerifyBundleOptions } from './commands/verify-bundle.js';
import type { VerifyOptions } from './commands/verify.js';
import { marked } from './lines.js';
import { version } from './version.js';

export interface Hooks {
  /** A command begins; `schema` is what its JSON is of. */
  started(schema: string): void;
  finished(exit: number): void;
}

const EXIT_CODES = `
Exit codes:
  0 verified, done        3 nothing to verify              6 misbehaviour proven
  1 verification failed   4 trust missing or expired       7 witness quorum not met
  2 usage                 5 network or service down      130 interrupted
`;

/**
 * The whole command line on one page. What a command does is loaded only when it runs: verifying loads nothing that
 * knows the network.
 */
export function buildProgram(io: Io, hooks: Hooks): Command {
  const program = new Command('tally');
  program
    .description('Sign files as yourself, and verify who signed what, with a witnessed log as proof.')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .option('--trust-config <file|url>', 'whom to trust (default: TALLY_TRUST_CONFIG, then $TALLY_HOME/trust.json)')
    .option('--json', 'print one JSON object')
    .option('--debug', 'print the stack trace of an error')
    .configureHelp({ showGlobalOptions: true, subcommandTerm: term })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(marked('fail', text.replace(/^error: /, '').trimEnd(), io.stderr, io.env)),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('(tally --help says more)')
    .exitOverride()
    .addHelpText('after', EXIT_CODES);

  const context = (command: Command): Context => {
    const { json, trustConfig } = program.opts<{ json?: boolean; trustConfig?: string }>();
    const schema = schemaOf(command);
    hooks.started(schema);
    return { io, schema, json: json === true, trustConfig };
  };
  const finish = async (exit: Promise<number>): Promise<void> => hooks.finished(await exit);

  withSignIn(define(program, 'sign <file...>', 'sign files with your identity; writes FILE.sigstore.json'))
    .option('--bundle <path>', 'where to write the bundle (one FILE only)')
    .addHelpText('after', example('tally sign hello.tar.gz', 'tally sign a.tgz b.tgz --identity-token "$TOKEN"'))
    .action(async (files: string[], options: SignOptions, command: Command) => {
      const { sign } = await import('./commands/sign.js');
      await finish(sign(files, options, context(command)));
    });

  withSignIn(define(program, 'attest <file>', 'sign a statement about a file; writes FILE.sigstore.json'))
    .requiredOption('--predicate <path>', 'the statement, a JSON file')
    .requiredOption('--type <type>', 'slsaprovenance1, spdxjson, cyclonedx, vuln, or a URI')
    .option('--bundle <path>', 'where to write the bundle')
    .addHelpText('after', example('tally attest app.tar.gz --predicate sbom.json --type cyclonedx'))
    .action(async (file: string, options: AttestOptions, command: Command) => {
      const { attest } = await import('./commands/attest.js');
      await finish(attest(file, options, context(command)));
    });

  withIdentity(define(program, 'verify <file...>', 'verify files (or sha256:… digests) against their bundles'))
    .option('--bundle <path>', 'the bundle (default: FILE.sigstore.json; one FILE only)')
    .addOption(policyOption('the witness quorum to demand'))
    .option('--no-policy', 'demand no witness quorum')
    .option('--offline', 'open no socket at all')
    .option('--report', 'hand the checkpoint to the witnesses of the policy, and compare; says what that discloses')
    .addHelpText(
      'after',
      example(
        'tally verify hello.tar.gz --certificate-identity you@example.org --certificate-oidc-issuer https://issuer.example',
      ),
    )
    .action(async (files: string[], options: VerifyOptions, command: Command) => {
      const { verify } = await import('./commands/verify.js');
      await finish(verify(files, options, context(command)));
    });

  define(program, 'sign-bundle <file>', 'sign as the sigstore-conformance protocol asks')
    .addOption(staging())
    .option('--in-toto', 'FILE is an in-toto statement')
    .requiredOption('--identity-token <token>', 'the ID token')
    .requiredOption('--bundle <path>', 'where to write the bundle')
    .option('--trusted-root <path>', 'trusted_root.json (default: of the trust config)')
    .option('--signing-config <path>', 'signing_config.json (default: of the trust config)')
    .addHelpText('after', example('tally sign-bundle --identity-token "$TOKEN" --bundle a.sigstore.json a.txt'))
    .action(async (file: string, options: SignBundleOptions, command: Command) => {
      const { signBundle } = await import('./commands/sign-bundle.js');
      await finish(signBundle(file, options, context(command)));
    });

  define(program, 'verify-bundle <file-or-digest>', 'verify as the sigstore-conformance protocol asks')
    .addOption(staging())
    .requiredOption('--bundle <path>', 'the bundle')
    .option('--certificate-identity <identity>', 'who must have signed')
    .option('--certificate-oidc-issuer <url>', 'who must have vouched for that')
    .option('--key <path>', 'the public key that must have signed, PEM')
    .option('--trusted-root <path>', 'trusted_root.json (default: of the trust config)')
    .addHelpText(
      'after',
      example('tally verify-bundle --bundle a.sigstore.json --key key.pub --trusted-root trusted_root.json a.txt'),
    )
    .action(async (file: string, options: VerifyBundleOptions, command: Command) => {
      const { verifyBundleCommand } = await import('./commands/verify-bundle.js');
      await finish(verifyBundleCommand(file, options, context(command)));
    });

  define(program, 'token', 'print an ID token of the development issuer of a local stack')
    .requiredOption('--email <address>', 'whom the token is for')
    .addHelpText(
      'after',
      example(
        'tally token --email you@example.org',
        'tally sign hello.txt --identity-token "$(tally token --email you@example.org)"',
      ),
    )
    .action(async (options: { email: string }, command: Command) => {
      const { token } = await import('./commands/token.js');
      await finish(token(options, context(command)));
    });

  defineLog(program, context, finish);
  defineEvidence(program, context, finish);

  const witness = define(program, 'witness', 'look at a witness');
  define(witness, 'status <url>', 'print who a witness is, what it has cosigned, and which logs it has frozen')
    .addOption(policyOption('the logs and the witnesses'))
    .addHelpText(
      'after',
      '\nOf a witness without a status page it is what it shows of the logs of the tlog-policy. Exit code 6 if it has\n' +
        'evidence against a key that you trust.\n' +
        example('tally witness status https://witness.example'),
    )
    .action(async (url: string, options: { policy?: string }, command: Command) => {
      const { witnessStatus } = await import('./commands/witness-status.js');
      await finish(witnessStatus(url, options, context(command)));
    });

  const bundle = define(program, 'bundle', 'look into bundles, and renew their proofs');
  define(bundle, 'inspect <file>', 'print what a bundle says, without verifying it')
    .addHelpText('after', example('tally bundle inspect hello.tar.gz.sigstore.json'))
    .action(async (file: string, _: object, command: Command) => {
      const { bundleInspect } = await import('./commands/bundle-inspect.js');
      await finish(bundleInspect(file, context(command)));
    });

  define(bundle, 'upgrade <file>', 'fetch a newer checkpoint for a bundle, with more cosignatures under it')
    .addOption(policyOption('the witness quorum that the newer checkpoint must have'))
    .option('--no-policy', 'demand no witness quorum of it')
    .option('--log <url>', 'the log, or a mirror of it (default: as the policy and the trust config say)')
    .option('--output <path>', 'write it there (default: replace the bundle)')
    .addHelpText(
      'after',
      '\nFILE is a bundle, or what it was made for. The old tree is proven to be a prefix of the new one, and the entry to be\n' +
        'in it; the rest of the bundle stays as it is, byte for byte. Nothing is written unless all of that holds.\n' +
        example('tally bundle upgrade hello.tar.gz', 'tally bundle upgrade a.sigstore.json --output b.sigstore.json'),
    )
    .action(async (file: string, options: BundleUpgradeOptions, command: Command) => {
      const { bundleUpgrade } = await import('./commands/bundle-upgrade.js');
      await finish(bundleUpgrade(file, options, context(command)));
    });

  const trust = define(program, 'trust', 'look at whom you trust');
  define(trust, 'show', 'print the services, keys and witnesses of the trust config')
    .addHelpText('after', example('tally trust show'))
    .action(async (_: object, command: Command) => {
      const { trustShow } = await import('./commands/trust-show.js');
      await finish(trustShow(context(command)));
    });
  define(trust, 'export', 'write parts of the trust config for other clients')
    .option('--trusted-root', 'trusted_root.json')
    .option('--signing-config', 'signing_config.v0.2.json')
    .option('--policy', 'tlog-policy')
    .option('--dir <folder>', 'write files into this folder (default: one part, to stdout)')
    .addHelpText(
      'after',
      example('tally trust export --trusted-root > trusted_root.json', 'tally trust export --dir trust'),
    )
    .action(async (options: TrustExportOptions, command: Command) => {
      const { trustExport } = await import('./commands/trust-export.js');
      await finish(trustExport(options, context(command)));
    });

  define(program, 'doctor', 'look for what is wrong here, and say what to do')
    .addHelpText('after', example('tally doctor'))
    .action(async (_: object, command: Command) => {
      const { doctor } = await import('./commands/doctor.js');
      await finish(doctor(context(command)));
    });

  // Before its arguments are looked at: the JSON of a usage error names the command, too.
  for (const parent of [program, ...program.commands]) {
    parent.hook('preSubcommand', (_, command) => hooks.started(schemaOf(command)));
  }
  return program;
}

function defineLog(
  program: Command,
  context: (command: Command) => Context,
  finish: (exit: Promise<number>) => Promise<void>,
): void {
  const log = define(program, 'log', 'look at one log: its checkpoint, its entries, its proofs');
  const url = (): Option => new Option('--log <url>', 'the log (default: the one of the trust config)');
  define(log, 'info [url]', 'print its newest checkpoint, and which witnesses cosigned it')
    .addOption(url())
    .addOption(policyOption('the log and its witnesses'))
    .addHelpText('after', example('tally log info', 'tally log info --policy tlog-policy'))
    .action(async (positional: string | undefined, options: { log?: string; policy?: string }, command: Command) => {
      const { logInfo } = await import('./commands/log-info.js');
      await finish(logInfo(positional ?? options.log, options, context(command)));
    });
  define(log, 'entry <index>', 'print one entry, proven to be in the log')
    .addOption(url())
    .addHelpText('after', example('tally log entry 42'))
    .action(async (index: string, options: { log?: string }, command: Command) => {
      const { logEntry } = await import('./commands/log-entry.js');
      await finish(logEntry(index, options.log, context(command)));
    });
  define(log, 'prove <index>', 'print the proof (tlog-proof) that an entry is in the log')
    .addOption(url())
    .addHelpText('after', example('tally log prove 42 > entry-42.tlog-proof'))
    .action(async (index: string, options: { log?: string }, command: Command) => {
      const { logProve } = await import('./commands/log-prove.js');
      await finish(logProve(index, options.log, context(command)));
    });
  define(log, 'consistency <old-size> <new-size>', 'prove that the log of the old size is a prefix of the new one')
    .addOption(url())
    .addHelpText('after', example('tally log consistency 10 42'))
    .action(async (oldSize: string, newSize: string, options: { log?: string }, command: Command) => {
      const { logConsistency } = await import('./commands/log-consistency.js');
      await finish(logConsistency(oldSize, newSize, options.log, context(command)));
    });
  define(log, 'diff <log> <mirror...>', 'compare what a log, its mirrors and its witnesses show: do all views tally?')
    .option('--key <vkey>', 'the verifier key of the log (default: those of the trust config and of the tlog-policy)')
    .addOption(policyOption('the log and its witnesses'))
    .addHelpText(
      'after',
      '\nEach is a URL with a checkpoint and tiles: a log, or a mirror or a witness (which show a log under the hash of its\n' +
        'origin). Views of one size must have one root; of two sizes, the smaller must be a prefix of the larger, by the\n' +
        'tiles. When they contradict each other the proof is written to a file, and the exit code is 6. Views that nobody\n' +
        'could link are suspicious, and no proof: exit 1.\n' +
        example('tally log diff https://log.example https://mirror.example https://witness.example'),
    )
    .action(async (url: string, others: string[], options: LogDiffOptions, command: Command) => {
      const { logDiff } = await import('./commands/log-diff.js');
      await finish(logDiff([url, ...others], options, context(command)));
    });
  define(log, 'fsck [url|dir]', 'derive the whole log anew from what it serves, and name the first thing that differs')
    .addOption(url())
    .option(
      '--key <vkey>',
      'the verifier key that must have signed the checkpoint (default: those of the trust config and of the tlog-policy)',
    )
    .addOption(policyOption('the log'))
    .option('--kind <kind>', 'rekor or ct (default: by what it serves)')
    .option('--state <file>', 'keep how far it came in this file, and go on from there')
    .addHelpText(
      'after',
      example(
        'tally log fsck --state fsck.json',
        "tally log fsck https://log.example --key 'log.example+12345678+Ab…'",
        'tally log fsck /srv/log/tiles --kind ct',
      ),
    )
    .action(async (positional: string | undefined, options: LogFsckOptions, command: Command) => {
      const { logFsck } = await import('./commands/log-fsck.js');
      await finish(logFsck(positional, options, context(command)));
    });
}

function defineEvidence(
  program: Command,
  context: (command: Command) => Context,
  finish: (exit: Promise<number>) => Promise<void>,
): void {
  const evidence = define(program, 'evidence', 'check the proof that a log or a witness misbehaved');
  define(evidence, 'verify <file>', 'whether evidence holds, and is about a key that you trust; opens no socket')
    .option('--key <vkey...>', 'verifier keys that you trust (beside those of the trust config and of the tlog-policy)')
    .addOption(policyOption('the logs and the witnesses'))
    .addHelpText(
      'after',
      example(
        'tally evidence verify 0a1b2c3d4e5f6071.evidence',
        "tally evidence verify 0a1b2c3d4e5f6071.evidence --key 'log.example+12345678+Ab…'",
      ),
    )
    .action(async (file: string, options: EvidenceVerifyOptions, command: Command) => {
      const { evidenceVerify } = await import('./commands/evidence-verify.js');
      await finish(evidenceVerify(file, options, context(command)));
    });
  define(evidence, 'show <file>', 'print who is accused of what, and what that proves; looks at nobody’s trust')
    .addHelpText('after', example('tally evidence show 0a1b2c3d4e5f6071.evidence'))
    .action(async (file: string, _: object, command: Command) => {
      const { evidenceShow } = await import('./commands/evidence-show.js');
      await finish(evidenceShow(file, context(command)));
    });
}

function define(parent: Command, usage: string, summary: string): Command {
  const command = parent.command(usage).description(summary);
  return command
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError(`(tally ${names(command).join(' ')} --help says more)`);
}

function withSignIn(command: Command): Command {
  return command
    .option(
      '--identity-token <token>',
      'sign with this ID token (default: SIGSTORE_ID_TOKEN, then that of the CI job, then sign in)',
    )
    .option('--device', 'sign in with a code, on any machine')
    .option('--no-browser', 'sign in at the address that is printed');
}

function withIdentity(command: Command): Command {
  return command
    .option('--certificate-identity <identity>', 'who must have signed: an e-mail address or URI')
    .option('--certificate-identity-regexp <pattern>', 'the same as a pattern; it must match the whole identity')
    .option('--certificate-oidc-issuer <url>', 'who must have vouched for that')
    .option('--certificate-oidc-issuer-regexp <pattern>', 'the same as a pattern; it must match the whole issuer')
    .option('--key <path>', 'the public key that must have signed, PEM, in place of an identity');
}

function policyOption(what: string): Option {
  return new Option('--policy <file>', `${what}, a tlog-policy (default: TALLY_POLICY, then beside the trust config)`);
}

function staging(): Option {
  return new Option('--staging', 'use the staging instance of Sigstore').hideHelp();
}

function example(...lines: readonly string[]): string {
  return `\nExample:\n${lines.map((line) => `  $ ${line}\n`).join('')}`;
}

/** `verify <file...>`: that there are options is not worth a column. */
function term(command: Command): string {
  return `${command.name()} ${command.usage().replaceAll(/\[(?:options|command)\] ?/g, '')}`.trimEnd();
}

function schemaOf(command: Command): string {
  return `tally/${names(command).join('-')}/v1`;
}

/** Its names below `tally`: log, info. */
function names(command: Command): string[] {
  return command.parent === null ? [] : [...names(command.parent), command.name()];
}
