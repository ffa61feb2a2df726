import { z } from 'zod';
import { CLAIM_EXTENSIONS, type ClaimName } from '#libs/certificate';
import { type ClaimTemplate, parseClaimTemplate } from './claim-template.js';
import { IssuersError } from './issuers.js';

/** How the claims of one kind of CI system become a name and extensions. */
export interface CiProvider {
  /** For claims that a token doesn't have. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly subjectAlternativeName: ClaimTemplate;
  readonly extensions: ReadonlyMap<ClaimName, ClaimTemplate>;
}

/** A provider as it is written in the issuers file (Fulcio's `ci-issuer-metadata`). */
export const providerText = z.strictObject({
  /** Another provider, from which everything is taken that isn't said here. */
  extends: z.string().optional(),
  'default-template-values': z.record(z.string(), z.string()).default({}),
  'extension-templates': z.record(z.string(), z.string()).default({}),
  'subject-alternative-name-template': z.string().optional(),
});
export type ProviderText = z.infer<typeof providerText>;

/** `buildSignerUri` is written `build-signer-uri`. The subject (.24) is the token's, whatever a template says. */
const EXTENSION_NAMES: ReadonlyMap<string, ClaimName> = new Map(
  CLAIM_EXTENSIONS.filter(({ name }) => name !== 'tokenSubject').map(({ name }) => [
    name === 'sourceRepositoryVisibility'
      ? 'source-repository-visibility-at-signing'
      : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    name,
  ]),
);

/** @throws IssuersError malformed-issuers · TemplateError unsupported-template */
export function parseProvider(
  name: string,
  written: ProviderText,
  others: ReadonlyMap<string, ProviderText>,
): CiProvider {
  const text = withBase(name, written, others);
  const source = text['subject-alternative-name-template'];
  if (source === undefined) {
    throw new IssuersError('malformed-issuers', `CI provider ${name} has no subject-alternative-name-template`);
  }
  return {
    defaults: text['default-template-values'],
    subjectAlternativeName: parseClaimTemplate(source),
    extensions: new Map(
      Object.entries(text['extension-templates']).map(([key, template]) => {
        const extension = EXTENSION_NAMES.get(key);
        if (extension === undefined) {
          const known = [...EXTENSION_NAMES.keys()].join(', ');
          throw new IssuersError(
            'malformed-issuers',
            `CI provider ${name}: extension "${key}" should be one of ${known}`,
          );
        }
        return [extension, parseClaimTemplate(template)];
      }),
    ),
  };
}

function withBase(name: string, text: ProviderText, others: ReadonlyMap<string, ProviderText>): ProviderText {
  if (text.extends === undefined) return text;
  const base = others.get(text.extends);
  if (!base || base.extends !== undefined) {
    throw new IssuersError(
      'malformed-issuers',
      `CI provider ${name} extends "${text.extends}", which should be a provider that itself extends none`,
    );
  }
  return {
    'subject-alternative-name-template':
      text['subject-alternative-name-template'] ?? base['subject-alternative-name-template'],
    'default-template-values': { ...base['default-template-values'], ...text['default-template-values'] },
    'extension-templates': { ...base['extension-templates'], ...text['extension-templates'] },
  };
}
