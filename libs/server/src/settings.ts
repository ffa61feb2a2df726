import { z } from 'zod';

export type Profile = 'development' | 'production';

/** The settings that every service has. `profile` has no default: nobody runs development trust by accident. */
export const serviceSettings = {
  profile: z.enum(['development', 'production']),
  host: z.string().default('127.0.0.1'),
  port: z.coerce.number().int().min(0).max(65535),
};

export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

function toCamelCase(name: string): string {
  return name.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function toVariable(prefix: string, path: readonly PropertyKey[]): string {
  return (
    prefix +
    path
      .map((key) =>
        String(key)
          .replace(/[A-Z]/g, (letter) => `_${letter}`)
          .toUpperCase(),
      )
      .join('_')
  );
}

/**
 * The environment's `<prefix><NAME>` variables, parsed once with `schema`, whose keys are the names in camel case.
 * @throws SettingsError naming every variable that is wrong, missing or unknown
 */
export function readSettings<T>(prefix: string, schema: z.ZodType<T>, env: NodeJS.ProcessEnv): T {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith(prefix) && value !== undefined && value !== '')
      values[toCamelCase(name.slice(prefix.length))] = value;
  }
  const parsed = schema.safeParse(values);
  if (parsed.success) return Object.freeze(parsed.data);
  const problems = parsed.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return `${issue.keys.map((key) => toVariable(prefix, [key])).join(', ')}: there is no such setting`;
    }
    const value = values[String(issue.path[0])];
    const found = value === undefined ? 'is not set' : `is ${JSON.stringify(value)}`;
    return `${toVariable(prefix, issue.path)} ${found}${expectation(issue.message)}`;
  });
  throw new SettingsError(`the settings are not right:\n  ${problems.join('\n  ')}`);
}

/** What zod wants, without what it says about a text that is not there or that is no number. */
function expectation(message: string): string {
  const wanted = message.replace(/^Invalid (?:input|option): /, '').replace(/, received (?:undefined|NaN)$/, '');
  return wanted === 'expected string' ? '' : `: ${wanted}`;
}
