/** The one style sheet of the issuer's pages; no script and no font is loaded. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f3ef; --card: #ffffff; --text: #1d1d1f; --quiet: #5b5b63; --line: #8b8b95;
  --accent: #1d4f91; --on-accent: #ffffff; --warn: #ffd23f; --on-warn: #1d1d1f; --problem: #a3161a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #17181b; --card: #212327; --text: #ececf0; --quiet: #b0b1ba; --line: #7d7f8a;
    --accent: #8ab8f5; --on-accent: #10131a; --warn: #e9b913; --on-warn: #17181b; --problem: #ff9c94;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; padding: 2rem 1rem; background: var(--page); color: var(--text);
  font: 1.0625rem/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif;
}
main { max-width: 34rem; margin: 0 auto; }
.warning {
  padding: 1.25rem 1.5rem; background: var(--warn); color: var(--on-warn); border-radius: 0.75rem 0.75rem 0 0;
}
.warning strong { display: block; font-size: 2rem; line-height: 1.15; font-weight: 800; letter-spacing: -0.01em; }
.warning span { display: block; }
.warning p { margin: 0.5rem 0 0; }
.card { padding: 1.5rem; background: var(--card); border-radius: 0 0 0.75rem 0.75rem; box-shadow: 0 1px 3px rgb(0 0 0 / 0.2); }
h1 { margin: 0 0 0.5rem; font-size: 1.375rem; line-height: 1.3; }
p { margin: 0 0 1rem; }
.card > :last-child { margin-bottom: 0; }
a { color: var(--accent); }
label { display: block; margin-bottom: 0.375rem; font-weight: 600; }
input[type="email"], input[type="text"] {
  width: 100%; padding: 0.625rem 0.75rem; font: inherit; color: inherit; background: var(--page);
  border: 1px solid var(--line); border-radius: 0.5rem;
}
.hint { margin: 0.375rem 0 1.25rem; color: var(--quiet); font-size: 0.9375rem; }
.problem { margin: 0.375rem 0 1.25rem; color: var(--problem); font-weight: 600; }
.code { margin: 0 0 1rem; font: 700 2rem/1.2 ui-monospace, "DejaVu Sans Mono", monospace; letter-spacing: 0.08em; text-transform: uppercase; }
input.code { font-size: 1.5rem; margin: 0; }
.buttons { display: flex; flex-wrap: wrap; gap: 0.75rem; }
button {
  padding: 0.625rem 1.25rem; font: inherit; font-weight: 600; border-radius: 0.5rem; border: 1px solid var(--accent);
  background: var(--accent); color: var(--on-accent); cursor: pointer;
}
button.quiet { background: transparent; color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
dl { margin: 0 0 1rem; } dt { font-weight: 600; } dd { margin: 0 0 0.5rem; overflow-wrap: anywhere; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.9375em; }
`;
