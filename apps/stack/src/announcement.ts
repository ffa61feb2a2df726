import type { StackAddresses } from './deployment.js';
import type { Home } from './home.js';
import { namesFor } from './names.js';

/** What runs where. */
export function whatRunsWhere(home: Home, addresses: StackAddresses, logPath: string): string {
  const names = namesFor(home.label);
  const rows = [
    ['trust', addresses.trust, 'keys, addresses and witnesses of this stack: start here in a browser'],
    ['issuer', addresses.issuer, 'development sign-in; it believes any e-mail address'],
    ['ca', addresses.ca, 'certificates for ten minutes'],
    ['rekor log', addresses.rekorLog, names.rekorLog],
    ['ct log', addresses.ctLog, names.ctLog],
    ['tsa', addresses.tsa, 'timestamps'],
    ...addresses.witnesses.map((url, index) => [`witness ${index + 1}`, url, names.witness(index + 1)]),
    ['monitor', addresses.monitor, 'follows the logs, and raises an alarm when something is wrong'],
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
  return [
    `Tallystick development stack ${home.label}: everything runs on this machine, and proves nothing to anybody else.`,
    '',
    ...table,
    '',
    `  home  ${home.path}${home.isNew ? ' (made now: keys, certificates, trust)' : ''}`,
    `  log   ${logPath}`,
  ].join('\n');
}

/** Commands to copy into another terminal. `environment` is what that terminal must know besides the defaults. */
export function whatToTry(issuer: string, environment: Readonly<Record<string, string>>): string {
  const settings = Object.entries(environment).map(([name, value]) => `  export ${name}=${quote(value)}`);
  return [
    'Try in another terminal, in this folder:',
    '',
    ...settings,
    '  echo hello > hello.txt',
    '  npx tally sign hello.txt --identity-token "$(npx tally token --email you@example.org)"',
    `  npx tally verify hello.txt --certificate-identity you@example.org --certificate-oidc-issuer ${issuer}`,
  ].join('\n');
}

/** For a POSIX shell. */
function quote(value: string): string {
  return /^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
