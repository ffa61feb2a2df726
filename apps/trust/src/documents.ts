import { createHash } from 'node:crypto';
import { formatClientTrustConfig, formatSigningConfig, formatTrustedRoot } from '#libs/verify';
import type { Deployment } from './deployment.js';
import { INDEX_HEADERS, indexPage } from './index-page.js';
import { signingConfig } from './signing-config.js';
import { trustedRoot } from './trusted-root.js';
import { witnessPolicy } from './witness-policy.js';

/** The names under which the documents are served and written. */
export const TRUST_DOCUMENTS = ['trust.json', 'trusted_root.json', 'signing_config.v0.2.json', 'tlog-policy'] as const;
export type TrustDocumentName = (typeof TRUST_DOCUMENTS)[number];

export interface TrustDocument {
  readonly content: string;
  readonly contentType: string;
  /** A strong entity tag. */
  readonly etag: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Everything that is served: made once, from what the deployment says. */
export class TrustDocuments {
  readonly #documents: ReadonlyMap<string, TrustDocument>;

  constructor(deployment: Deployment) {
    const config = { trustedRoot: trustedRoot(deployment), signingConfig: signingConfig(deployment) };
    this.#documents = new Map<string, TrustDocument>([
      ['', { ...document(indexPage(deployment), 'text/html; charset=utf-8'), headers: INDEX_HEADERS }],
      ['trust.json', json(formatClientTrustConfig(config))],
      ['trusted_root.json', json(formatTrustedRoot(config.trustedRoot))],
      ['signing_config.v0.2.json', json(formatSigningConfig(config.signingConfig))],
      ['tlog-policy', document(witnessPolicy(deployment), 'text/plain; charset=utf-8')],
    ]);
  }

  /** The document with this name; '' is the page for people. */
  get(name: TrustDocumentName | ''): TrustDocument {
    const found = this.#documents.get(name);
    if (found === undefined) throw new Error(`there is no document ${name}`);
    return found;
  }
}

function json(value: object): TrustDocument {
  return document(`${JSON.stringify(value, null, 2)}\n`, 'application/json');
}

function document(content: string, contentType: string): TrustDocument {
  return { content, contentType, etag: `"${createHash('sha256').update(content).digest('base64url')}"` };
}
