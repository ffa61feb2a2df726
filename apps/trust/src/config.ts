import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { SettingsError, readSettings, serviceSettings } from '#libs/server';
import { deploymentSchema } from './deployment.js';
import type { Deployment } from './deployment.js';
import { productionProblems } from './production.js';

const settings = z.strictObject({
  ...serviceSettings,
  deployment: z.string(),
  directory: z.string().optional(),
});

export interface TrustConfig extends Omit<z.infer<typeof settings>, 'deployment'> {
  readonly deployment: Deployment;
}

/** `TALLY_TRUST_*`; the deployment is read from the file that is named there. @throws SettingsError */
export function loadConfig(env: NodeJS.ProcessEnv): TrustConfig {
  const { deployment: path, ...rest } = readSettings('TALLY_TRUST_', settings, env);
  const deployment = readDeployment(path);
  const problems = rest.profile === 'production' ? productionProblems(deployment) : [];
  if (problems.length > 0) throw new SettingsError(`${path} is not fit for production:\n  ${problems.join('\n  ')}`);
  return { ...rest, deployment };
}

function readDeployment(path: string): Deployment {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new SettingsError(`cannot read the deployment ${path} (TALLY_TRUST_DEPLOYMENT): ${(error as Error).message}`);
  }
  const parsed = deploymentSchema.safeParse(content);
  if (!parsed.success)
    throw new SettingsError(`the deployment ${path} is not right:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
