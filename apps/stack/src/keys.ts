import { openKeyFile } from '#libs/signer';
import type { KeyRole, Signer, SigningAlgorithm } from '#libs/signer';
import type { HomePaths } from './paths.js';
import { WITNESS_COUNT } from './ports.js';

/** One key for each role: what one service loses, no other can be accused with. */
export interface StackKeys {
  readonly caRoot: Signer;
  readonly ca: Signer;
  readonly tsaRoot: Signer;
  readonly tsa: Signer;
  readonly ctLog: Signer;
  readonly rekorLog: Signer;
  readonly witnesses: readonly Signer[];
}

/** Opens every key; `create` makes those that are not there, marked as development keys. @throws SignerError */
export async function openKeys(paths: HomePaths, create: boolean): Promise<StackKeys> {
  const open = (name: string, role: KeyRole, algorithm: SigningAlgorithm): Promise<Signer> =>
    openKeyFile(paths.key(name), { role, algorithm, profile: 'development', create });
  const [caRoot, ca, tsaRoot, tsa, ctLog, rekorLog, ...witnesses] = await Promise.all([
    open('ca-root', 'ca-root', 'ecdsa-p256'),
    open('ca', 'ca', 'ecdsa-p256'),
    open('tsa-root', 'tsa-root', 'ecdsa-p256'),
    open('tsa', 'tsa', 'ecdsa-p256'),
    open('ct-log', 'ct-log', 'ecdsa-p256'),
    open('rekor-log', 'rekor-log', 'ed25519'),
    ...Array.from({ length: WITNESS_COUNT }, (_, index) => open(`witness-${index + 1}`, 'witness', 'ed25519')),
  ]);
  return { caRoot, ca, tsaRoot, tsa, ctLog, rekorLog, witnesses };
}
