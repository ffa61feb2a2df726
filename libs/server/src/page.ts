import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; --page: #f4f3ef; --text: #1d1d1f; --quiet: #5b5b63; --line: #c9c8c2; --accent: #1d4f91; --box: #fff; --bad: #a3161a; --warn: #7a4a00; --good: #1b6b3a; }
@media (prefers-color-scheme: dark) { :root { --page: #17181b; --text: #ececf0; --quiet: #b0b1ba; --line: #3b3d44; --accent: #8ab8f5; --box: #212327; --bad: #ff9c94; --warn: #f0c070; --good: #7fd6a0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1rem; background: var(--page); color: var(--text); font: 1.0625rem/1.5 system-ui, "Liberation Sans", Arial, sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 0.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.25rem; margin: 2rem 0 0.5rem; }
h3 { font-size: 1.0625rem; margin: 0 0 0.25rem; overflow-wrap: anywhere; }
p { margin: 0 0 0.75rem; } a { color: var(--accent); } .quiet { color: var(--quiet); } .bad { color: var(--bad); font-weight: 600; } .warn { color: var(--warn); font-weight: 600; } .good { color: var(--good); font-weight: 600; }
.alarm { background: var(--box); border: 1px solid var(--bad); border-left-width: 0.5rem; border-radius: 0.5rem; padding: 0.75rem 1rem; margin: 1rem 0; overflow-wrap: anywhere; }
.alarm.lesser { border-color: var(--warn); } .alarm p { margin: 0 0 0.25rem; } .alarm h2 { margin: 0 0 0.25rem; color: var(--bad); } .alarm ul { margin: 0; padding-left: 1.25rem; } .alarm ul + p { margin: 0.5rem 0 0; }
.box { background: var(--box); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem 1rem; margin: 1rem 0; } .box p { margin: 0 0 0.5rem; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; margin-bottom: 0.75rem; }
th, td { text-align: left; vertical-align: baseline; padding: 0.375rem 1rem 0.375rem 0; border-bottom: 1px solid var(--line); } tr:last-child td { border-bottom: 0; } th:last-child, td:last-child { padding-right: 0; }
th { font-size: 0.9375rem; color: var(--quiet); font-weight: 600; } .number { text-align: right; font-variant-numeric: tabular-nums; } .time { white-space: nowrap; } .any { overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.9375rem; overflow-wrap: anywhere; }
pre { background: var(--box); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem 1rem; margin: 0 0 0.75rem; white-space: pre-wrap; }
details summary { cursor: pointer; margin-bottom: 0.5rem; }
.narrow { max-width: 38rem; } .label { display: none; }
@media (max-width: 40rem) {
  th, td { padding-right: 0.5rem; } .wide { display: none; }
  .stacked thead { display: none; } .stacked tr { display: block; padding: 0.5rem 0; border-bottom: 1px solid var(--line); } .stacked tr:last-child { border-bottom: 0; }
  .stacked td { display: block; padding: 0; border: 0; } .stacked td.number, .stacked td.time { display: inline-block; margin-right: 1rem; text-align: left; } .stacked .label { display: inline; }
}
`;

/** Headers of a page: its one inline style, by hash, and nothing else. */
export const PAGE_HEADERS = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/** A page for people, without scripts, about how a program is. `body` is HTML; the title is escaped here. */
export function htmlPage(title: string, body: string, refreshSeconds?: number): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refreshSeconds === undefined ? '' : `<meta http-equiv="refresh" content="${refreshSeconds}">\n`}<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

/** For text and for attribute values in quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** `1 log`, `2,000 logs`, `3 witnesses`. */
export function counted(count: number, what: string, plural: string = 's'): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : plural}`;
}

/** An ISO 8601 time, to the second. */
export function timeHtml(iso: string): string {
  return `<time datetime="${escapeHtml(iso)}">${escapeHtml(iso.slice(0, 19).replace('T', ' '))} UTC</time>`;
}

/** How long ago an ISO 8601 time was, in the largest unit of which there are two. */
export function agoHtml(iso: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1000));
  const said =
    seconds < 120
      ? `${seconds} s`
      : seconds < 7200
        ? `${Math.round(seconds / 60)} min`
        : seconds < 172_800
          ? `${Math.round(seconds / 3600)} h`
          : `${Math.round(seconds / 86_400)} days`;
  return `<time datetime="${escapeHtml(iso)}">${said} ago</time>`;
}

/** 20852014 → 20 852 014, with narrow no-break spaces. */
export function digitsHtml(decimal: string): string {
  return escapeHtml(decimal.replace(/\B(?=(\d{3})+$)/g, '\u202f'));
}
