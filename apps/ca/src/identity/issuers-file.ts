import { z } from 'zod';
import { CI_PROVIDERS } from './ci-providers.js';
import { parseProvider, providerText } from './ci-provider.js';
import { type Issuer, type Issuers, IssuersError } from './issuers.js';

const issuerUrl = z.url({ protocol: /^https?$/ });
const anyIssuer = {
  'issuer-url': issuerUrl.optional(),
  'client-id': z.string().min(1).default('sigstore'),
  description: z.string().optional(),
  contact: z.string().optional(),
};

// Fulcio's configuration file as JSON, with the issuer types that are offered here. Unknown keys are refused: a misspelt
// one would be a rule that silently doesn't apply.
const issuersFile = z.strictObject({
  'oidc-issuers': z.record(
    issuerUrl,
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('email'), ...anyIssuer }),
      z.strictObject({ type: z.literal('uri'), 'subject-domain': issuerUrl, ...anyIssuer }),
      z.strictObject({ type: z.literal('ci-provider'), 'ci-provider': z.string(), ...anyIssuer }),
    ]),
  ),
  'ci-issuer-metadata': z.record(z.string(), providerText).default({}),
});
type IssuerText = z.infer<typeof issuersFile>['oidc-issuers'][string];

/** The issuers file: see the README. @throws IssuersError malformed-issuers · TemplateError unsupported-template */
export function parseIssuers(json: string): Issuers {
  const file = issuersFile.safeParse(parseJson(json));
  if (!file.success) throw malformed(z.prettifyError(file.error));
  const texts = new Map(
    Object.entries({ ...z.record(z.string(), providerText).parse(CI_PROVIDERS), ...file.data['ci-issuer-metadata'] }),
  );
  const providers = new Map([...texts].map(([name, text]) => [name, parseProvider(name, text, texts)]));

  function parseIssuer(url: string, text: IssuerText): Issuer {
    if ((text['issuer-url'] ?? url) !== url) throw malformed(`issuer ${url} has the issuer-url ${text['issuer-url']}`);
    const issuer = { url, audience: text['client-id'] };
    if (text.type === 'email') return { ...issuer, type: 'email' };
    if (text.type === 'uri') {
      requireSameOwner(url, text['subject-domain']);
      return { ...issuer, type: 'uri', subjectDomain: text['subject-domain'] };
    }
    const provider = providers.get(text['ci-provider']);
    if (provider) return { ...issuer, type: 'ci-provider', provider };
    const known = [...providers.keys()].join(', ');
    throw malformed(`issuer ${url}: ci-provider is "${text['ci-provider']}", it should be one of ${known}`);
  }

  return new Map(Object.entries(file.data['oidc-issuers']).map(([url, text]) => [url, parseIssuer(url, text)]));
}

/** An issuer may name subjects of its own domain only (the last two labels, as Fulcio compares them). */
function requireSameOwner(issuer: string, subjectDomain: string): void {
  const [a, b] = [new URL(issuer), new URL(subjectDomain)];
  const isAddress = (hostname: string): boolean => /^[\d.]+$|^\[/.test(hostname);
  const owner = ({ hostname }: URL): string =>
    isAddress(hostname) ? hostname : hostname.split('.').slice(-2).join('.');
  if (a.protocol !== b.protocol || owner(a) !== owner(b)) {
    throw malformed(
      `issuer ${issuer} has the subject-domain ${subjectDomain}, which should be of the same scheme and domain`,
    );
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw malformed(`it is not JSON: ${String(error)}`);
  }
}

function malformed(why: string): IssuersError {
  return new IssuersError('malformed-issuers', `issuers file: ${why}`);
}
