import { CodedError } from '#libs/crypto';
import { createLogger, startService } from '#libs/server';
import type { Service } from '#libs/server';
import { openCertificates } from './certificates.js';
import { addressesOf, deploymentOf } from './deployment.js';
import type { StackAddresses } from './deployment.js';
import { makeHome, openHome, sealHome } from './home.js';
import type { Home } from './home.js';
import { startIssuer } from './issuer/issuer.js';
import { openKeys } from './keys.js';
import { lockHome } from './lock.js';
import { pathsIn } from './paths.js';
import { portsFrom } from './ports.js';
import { waitUntilReady } from './readiness.js';
import { stackServices } from './services.js';
import type { StackSettings } from './settings.js';
import { Started } from './started.js';
import { StackError } from './stack-error.js';
import { openStackLog } from './stack-log.js';

export interface RunningStack {
  readonly home: Home;
  readonly addresses: StackAddresses;
  /** Where the services' JSON lines go. */
  readonly logPath: string;
  /** Stops everything, those first that others don't need. */
  close(): Promise<void>;
}

/**
 * Starts every service on this machine, and resolves when each listens and every log has published a checkpoint.
 * @throws StackError what the person at the terminal can do about it
 */
export async function startStack({ home: path, port }: StackSettings): Promise<RunningStack> {
  const started = new Started();
  try {
    await makeHome(path);
    const lock = await lockHome(path);
    started.add(() => lock.release());
    const paths = pathsIn(path);
    const log = openStackLog(paths.log);
    started.add(() => log.close());

    const home = await openHome(path);
    const keys = await openKeys(paths, home.isNew);
    const certificates = await openCertificates(home, paths, keys);
    if (home.isNew) await sealHome(home);

    const ports = portsFrom(port);
    const addresses = addressesOf(ports);
    const deployment = deploymentOf(home, keys, certificates, addresses);
    const services = await stackServices({ home, paths, ports, addresses, deployment });

    const start = (service: Service) =>
      startService(service, createLogger(service.name, log)).catch((error: unknown) => {
        throw refusalOf(service, error);
      });
    const issuer = { port: ports.issuer, keyPath: paths.issuerKey };
    await started.together([startIssuer(issuer, createLogger('issuer', log)), ...services.first.map(start)]);
    const running = await started.together(services.then.map(start));
    await waitUntilReady(running);
    return { home, addresses, logPath: paths.log, close: () => started.close() };
  } catch (error) {
    await started.close();
    throw explain(error, port);
  }
}

/** A service that refuses to start says why in words for its operator; which service it was is ours to say. */
function refusalOf({ name }: Service, error: unknown): unknown {
  if (!(error instanceof CodedError)) return error;
  return new StackError(`${name} does not start: ${error.message}`, { cause: error });
}

function explain(error: unknown, firstPort: number): unknown {
  const { code, port } = error as { code?: unknown; port?: unknown };
  if (code !== 'EADDRINUSE') return error;
  return new StackError(
    `port ${String(port)} is in use by another program: stop it, or set TALLY_PORT (now ${firstPort}) to the first of eleven free ports`,
    { cause: error },
  );
}
