import { importPublicKey } from '#crypto';
import { decodePem, encodePem, utf8Encode } from '#libs/crypto';
import { KEY_TYPE, parseVerifierKey, verifierKey, type VerifierKey } from '#libs/note';
import type { Service } from '#libs/server';
import { replaceFile } from '#libs/tile-store';
import { parsePolicy } from '#libs/tlog';
import { caService } from '../../ca/src/ca.module.js';
import { logService } from '../../log/src/log.module.js';
import { DEFAULT_TIMES, monitorService } from '../../monitor/src/monitor.module.js';
import { trustService, witnessPolicy } from '../../trust/src/trust.module.js';
import type { Deployment } from '../../trust/src/trust.module.js';
import { tsaService } from '../../tsa/src/tsa.module.js';
import { witnessService } from '../../witness/src/witness.module.js';
import type { StackAddresses } from './deployment.js';
import type { Home } from './home.js';
import { CLIENT_ID } from './issuer/tokens.js';
import { namesFor } from './names.js';
import type { HomePaths } from './paths.js';
import type { Ports } from './ports.js';

/** The policy that Sigstore's own timestamp authority gives timestamps under. */
const TSA_POLICY = '1.3.6.1.4.1.57264.2';

/** Witnesses on the same machine answer in milliseconds: a signer waits for little more than that. */
const CHECKPOINT_INTERVAL_MS = 20;

/** Submissions that may wait at once; more are asked to come back. */
const POOL_LIMIT = 4096;

/** Somebody looks at it right after the start. */
const MONITOR_POLL_MS = 2_000;
const YEAR_MS = 365 * 24 * 60 * 60_000;

export interface StackPlan {
  readonly home: Home;
  readonly paths: HomePaths;
  readonly ports: Ports;
  readonly addresses: StackAddresses;
  readonly deployment: Deployment;
}

/** The services of a stack in two groups: those of the second need the first ones, or what these have written. */
export interface StackServices {
  readonly first: readonly Service[];
  readonly then: readonly Service[];
}

/** Every service with its settings; files that some of them read are written here. */
export async function stackServices(plan: StackPlan): Promise<StackServices> {
  const { home, paths, ports, addresses, deployment } = plan;
  const names = namesFor(home.label);
  const ctLogKey = ctKey(names.ctLog, deployment);
  await writeSettingsFiles(plan, ctLogKey);
  const on = (port: number) => ({ profile: 'development', host: '127.0.0.1', port }) as const;

  const trust = trustService({ ...on(ports.trust), deployment, directory: home.path });
  const tsa = tsaService({
    ...on(ports.tsa),
    keyFile: paths.key('tsa'),
    keyAlgorithm: 'ecdsa-p256',
    certificateChainFile: paths.certificates('tsa'),
    policy: TSA_POLICY,
  });
  const logs = [...deployment.rekorLogs.map(({ key }) => parseVerifierKey(key)), ctLogKey];
  const witnesses = ports.witnesses.map((port, index) => {
    const name = `witness-${index + 1}`;
    const config = { name: names.witness(index + 1), keyFile: paths.key(name), dataDirectory: paths.data(name), logs };
    return { ...witnessService({ ...on(port), ...config }), name };
  });
  const log = { inception: home.createdAt, checkpointIntervalMs: CHECKPOINT_INTERVAL_MS, poolLimit: POOL_LIMIT };
  const rekorLog = logService({
    ...on(ports.rekorLog),
    ...log,
    kind: 'rekor',
    origin: names.rekorLog,
    keyFile: paths.key('rekor-log'),
    markFile: paths.mark('rekor-log'),
    dataDirectory: paths.data('rekor-log'),
    policyFile: paths.policy,
  });
  const ctLog = logService({
    ...on(ports.ctLog),
    ...log,
    kind: 'ct',
    origin: names.ctLog,
    keyFile: paths.key('ct-log'),
    markFile: paths.mark('ct-log'),
    dataDirectory: paths.data('ct-log'),
    policyFile: paths.ctPolicy,
    rootsFile: paths.caRoot,
  });
  const ca = caService({
    ...on(ports.ca),
    keyFile: paths.key('ca'),
    keyAlgorithm: 'ecdsa-p256',
    certificateChainFile: paths.certificates('ca'),
    issuersFile: paths.issuers,
    ctLogUrl: addresses.ctLog,
    ctLogPublicKeyFile: paths.ctLogPublicKey,
    dataDirectory: paths.data('ca'),
  });
  const monitor = monitorService({
    ...on(ports.monitor),
    name: 'monitor',
    dataDirectory: paths.data('monitor'),
    logs: [{ key: ctLogKey, url: addresses.ctLog }],
    policies: [{ name: paths.policy, policy: parsePolicy(witnessPolicy(deployment)) }],
    ...DEFAULT_TIMES,
    pollMs: MONITOR_POLL_MS,
    // A stack may rest for as long as it likes.
    staleAfterMs: YEAR_MS,
  });
  return { first: [trust, tsa, ...witnesses], then: [rekorLog, ctLog, ca, monitor] };
}

function ctKey(origin: string, { ctLogs }: Deployment): VerifierKey {
  const [spki = new Uint8Array(0)] = decodePem(ctLogs[0]?.publicKey ?? '', 'PUBLIC KEY');
  return verifierKey(origin, KEY_TYPE.rfc6962, importPublicKey(spki).spki);
}

/** Their content follows from the ports and from the keys, so they are written anew at each start. */
async function writeSettingsFiles({ paths, addresses, deployment }: StackPlan, ctLogKey: VerifierKey): Promise<void> {
  const [ca] = deployment.certificateAuthorities;
  const [ctLog] = deployment.ctLogs;
  const [root] = decodePem(ca?.chain ?? '', 'CERTIFICATE').slice(-1);
  if (root === undefined || ctLog === undefined) throw new Error('a stack has a certificate authority and a ct log');
  const issuers = { 'oidc-issuers': { [addresses.issuer]: { type: 'email', 'client-id': CLIENT_ID } } };
  await replaceFile(paths.issuers, utf8Encode(`${JSON.stringify(issuers, null, 2)}\n`));
  await replaceFile(paths.caRoot, utf8Encode(encodePem('CERTIFICATE', root)));
  await replaceFile(paths.ctLogPublicKey, utf8Encode(ctLog.publicKey));
  await replaceFile(paths.ctPolicy, utf8Encode(witnessPolicy(deployment, { key: ctLogKey, url: ctLog.url })));
}
