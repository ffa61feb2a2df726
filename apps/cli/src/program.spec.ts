import { describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { buildProgram } from './program.js';
import { invoke } from './testing/invoke.js';

const silent = { isTerminal: false, write: () => undefined };
const program = buildProgram(
  {
    stdout: silent,
    stderr: silent,
    interactive: false,
    env: {},
    cwd: '',
    signal: new AbortController().signal,
    now: () => new Date(),
  },
  { started: () => undefined, finished: () => undefined },
);
const leaves = (command: Command, name = ''): [string, Command][] =>
  command.commands.length === 0
    ? [[name, command]]
    : command.commands.flatMap((child) => leaves(child, `${name} ${child.name()}`.trim()));

test('the commands are these', () => {
  expect(leaves(program).map(([name]) => name)).toEqual([
    'sign',
    'attest',
    'verify',
    'sign-bundle',
    'verify-bundle',
    'token',
    'log info',
    'log entry',
    'log prove',
    'log consistency',
    'log diff',
    'log fsck',
    'evidence verify',
    'evidence show',
    'witness status',
    'bundle inspect',
    'bundle upgrade',
    'trust show',
    'trust export',
    'doctor',
  ]);
});

describe('help', () => {
  test.each(leaves(program).map(([name]) => name))('of %s has an example', async (name) => {
    const { exit, stdout, stderr } = await invoke([...name.split(' '), '--help']);
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`Usage: tally ${name}`);
    expect(stdout).toContain(`  $ tally ${name}`);
  });

  test('lists the exit codes', async () => {
    const { exit, stdout } = await invoke(['--help']);
    expect(exit).toBe(0);
    expect(stdout).toContain('3 nothing to verify');
  });

  test('says that patterns match the whole identity', async () => {
    expect((await invoke(['verify', '--help'])).stdout).toContain('must match the whole identity');
  });
});

test('the version is that of the package', async () => {
  expect((await invoke(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

describe('a command line that is wrong', () => {
  test.each([
    [[], 'Usage: tally'],
    [['verfy'], 'Did you mean verify?'],
    [['verify'], "missing required argument 'file'"],
    [['verify', 'a', '--nonsense'], "unknown option '--nonsense'"],
    [['sign', 'a', '--bundle'], 'argument missing'],
    [['attest', 'a'], "required option '--predicate <path>' not specified"],
    [['log'], 'Usage: tally log'],
    [['log', 'entry', '-1'], 'should be a whole number'],
    [['log', 'entry', '01'], 'should be a whole number'],
    [['log', 'consistency', '9', '8'], 'larger than the new size'],
    [['doctor', 'extra'], 'too many arguments'],
    [['sign', 'a', 'b', '--bundle', 'c'], 'there are several files'],
    [['sign', 'README.md', '--bundle', 'missing/b'], "missing/b can't be written: there is no such folder"],
    [['verify', 'a', 'b', '--bundle', 'c'], 'there are several files'],
    [['attest', 'a', '--predicate', 'p', '--type', 'nonsense'], 'neither a URI nor a known predicate type'],
    [['verify-bundle', '--bundle', 'b', 'a'], 'who should have signed?'],
  ])('%j exits 2 and says why on stderr', async (argv, message) => {
    const { exit, stdout, stderr } = await invoke(argv);
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});

describe('an error', () => {
  test('has no stack trace', async () => {
    expect((await invoke(['trust', 'show', '--trust-config', 'missing.json'])).stderr).not.toContain('    at ');
  });

  test('has one with --debug', async () => {
    const { stderr } = await invoke(['trust', 'show', '--trust-config', 'missing.json', '--debug']);
    expect(stderr).toContain('    at ');
    expect(stderr).toContain('caused by');
  });

  test('is one object with --json', async () => {
    const { exit, stdout } = await invoke(['--json', 'trust', 'show', '--trust-config', 'missing.json']);
    expect(exit).toBe(4);
    expect(JSON.parse(stdout)).toEqual({
      schema: 'tally/trust-show/v1',
      error: { code: 'no-trust', message: expect.stringContaining('missing.json') },
      exit: 4,
    });
  });
});

test.each([
  [['log', 'entry'], 'tally/log-entry/v1', "missing required argument 'index'"],
  [['verify', '--nonsense', 'a'], 'tally/verify/v1', "unknown option '--nonsense'"],
  [['verfy'], 'tally/error/v1', "unknown command 'verfy'"],
  [['log'], 'tally/log/v1', 'no command is given'],
])('%j with --json is one object that says what is wrong with it', async (argv, schema, message) => {
  const { exit, stdout } = await invoke([...argv, '--json']);
  expect(exit).toBe(2);
  expect(JSON.parse(stdout)).toEqual({
    schema,
    error: { code: 'usage', message: expect.stringContaining(message) },
    exit: 2,
  });
});

test('help COMMAND is the same as COMMAND --help', async () => {
  expect(await invoke(['help', 'sign'])).toEqual(await invoke(['sign', '--help']));
});

test('an interrupted command exits 130 and says nothing', async () => {
  const signal = AbortSignal.abort(new Error('interrupted'));
  const argv = ['token', '--email', 'a@b.c', '--trust-config', 'http://127.0.0.1:9/trust.json'];
  expect(await invoke(argv, { signal })).toEqual({ exit: 130, stdout: '', stderr: '' });
  const { exit, stdout } = await invoke([...argv, '--json'], { signal });
  expect([exit, JSON.parse(stdout)]).toMatchObject([130, { schema: 'tally/token/v1', error: { code: 'interrupted' } }]);
});
