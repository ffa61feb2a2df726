import { createHash } from 'node:crypto';
import type { Deployment } from './deployment.js';
import { TRUST_DOCUMENTS } from './documents.js';

const STYLE = `
:root { color-scheme: light dark; --page: #f4f3ef; --text: #1d1d1f; --quiet: #5b5b63; --line: #c9c8c2; --accent: #1d4f91; --box: #fff; }
@media (prefers-color-scheme: dark) { :root { --page: #17181b; --text: #ececf0; --quiet: #b0b1ba; --line: #3b3d44; --accent: #8ab8f5; --box: #212327; } }
body { margin: 0 auto; max-width: 56rem; padding: 2rem 1rem; background: var(--page); color: var(--text); font: 1.0625rem/1.5 system-ui, "Liberation Sans", Arial, sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 0.5rem; } h2 { font-size: 1.25rem; margin: 2rem 0 0.5rem; }
a { color: var(--accent); } .quiet { color: var(--quiet); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: 0.375rem 1rem 0.375rem 0; border-bottom: 1px solid var(--line); }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.9375rem; } td code { overflow-wrap: anywhere; }
pre { background: var(--box); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem 1rem; overflow-x: auto; }
@media (max-width: 40rem) { thead { display: none; } tr { display: block; padding: 0.375rem 0; border-bottom: 1px solid var(--line); } td { display: block; padding: 0; border: 0; } }
`;

/** Headers of the page: its one inline style, by hash, and nothing else. */
export const INDEX_HEADERS = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; frame-ancestors 'none'`,
};

/** What a person sees who opens the address of the trust service: whose it is, where things are, how to verify. */
export function indexPage(deployment: Deployment): string {
  const {
    name,
    trustUrl,
    rekorLogs,
    ctLogs,
    certificateAuthorities,
    timestampAuthorities,
    issuers,
    witnesses,
    quorum,
  } = deployment;
  const development = ctLogs.some((log) => log.name.endsWith('.tally.localhost'));
  const rows = [
    ...rekorLogs.map(({ key, url }) => ['transparency log', keyName(key), url]),
    ...ctLogs.map((log) => ['certificate log', log.name, log.url]),
    ...certificateAuthorities.map((ca) => ['certificate authority', ca.name, ca.url]),
    ...timestampAuthorities.map((tsa) => ['timestamp authority', tsa.name, tsa.url]),
    ...witnesses.map(({ key, url }) => ['witness', keyName(key), url]),
    ...issuers.map(({ url }) => ['sign-in', '', url]),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(name)}</h1>
<p>Keyless signing with a witnessed transparency log. ${whoWatches(quorum, witnesses.length)}</p>
${development ? '<p><strong>Development trust: all keys and all witnesses are under one owner. It proves nothing to anybody else.</strong></p>' : ''}
<h2>Trust</h2>
<ul>
${TRUST_DOCUMENTS.map((document) => `<li><a href="/${document}">${document}</a> <span class="quiet">${WHAT[document]}</span></li>`).join('\n')}
</ul>
<h2>Verify</h2>
<pre>npx tally verify FILE --trust-config ${escapeHtml(trustUrl)}/trust.json \\
  --certificate-identity you@example.org \\
  --certificate-oidc-issuer ${escapeHtml(issuers[0]?.url ?? 'ISSUER')}</pre>
<p class="quiet">Whoever gives you this page gives you the keys: compare <code>trust.json</code> with a copy from somebody you trust.</p>
<h2>Services</h2>
<table>
<thead><tr><th scope="col">Service</th><th scope="col">Name</th><th scope="col">Address</th></tr></thead>
<tbody>
${rows.map(([service = '', known = '', url = '']) => `<tr><td>${service}</td><td><code>${escapeHtml(known)}</code></td><td><code>${escapeHtml(url)}</code></td></tr>`).join('\n')}
</tbody>
</table>
</main>
</body>
</html>
`;
}

const WHAT: Readonly<Record<(typeof TRUST_DOCUMENTS)[number], string>> = {
  'trust.json': 'both of the next two in one file, for tally and sigstore-python',
  'trusted_root.json': 'the keys to verify with',
  'signing_config.v0.2.json': 'the addresses to sign with',
  'tlog-policy': 'the witnesses, and how many of them must have cosigned',
};

function whoWatches(quorum: number, witnesses: number): string {
  if (quorum === 0) return 'No witness has to cosign its checkpoints.';
  return `A checkpoint counts when ${quorum} of ${witnesses} witnesses have cosigned it.`;
}

function keyName(verifierKey: string): string {
  return verifierKey.split('+')[0] ?? '';
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
