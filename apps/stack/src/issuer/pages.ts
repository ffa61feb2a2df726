import { html } from './html.js';
import type { Html } from './html.js';

/** Headers of every page: nothing but our own style sheet may load, nobody may frame the page, nothing is kept. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

function page(title: string, card: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · development issuer</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <main>
          <div class="warning" role="note">
            <strong>Development issuer. <span>It proves nothing.</span></strong>
            <p>It believes whatever e-mail address you type, without a password: here, anybody can be anyone.</p>
          </div>
          <div class="card">${card}</div>
        </main>
      </body>
    </html>`.source;
}

export interface SignInPage {
  /** Where the form goes: fields `email` and `answer` (`sign-in` or `cancel`). */
  readonly action: string;
  /** What stands in the field already. */
  readonly email?: string | undefined;
  /** What was wrong with the last try. */
  readonly problem?: string | undefined;
}

/** Asks who to be. Pressing the button is also the consent to hand the address to the program that asked. */
export function signInPage({ action, email, problem }: SignInPage): string {
  return page(
    'Sign in',
    html`<h1>Who do you want to be?</h1>
      <p>A program on this machine wants to sign something. It is told the address that you give here.</p>
      <form method="post" action="${action}">
        <label for="email">E-mail address</label>
        <input
          id="email"
          name="email"
          type="email"
          value="${email}"
          placeholder="you@example.org"
          required
          autofocus
          autocomplete="email"
          spellcheck="false"
          maxlength="254"
          aria-describedby="about-email"
          ${problem === undefined ? undefined : html`aria-invalid="true"`}
        />
        ${
          problem === undefined
            ? html`<p class="hint" id="about-email">It goes into the certificate and into the log of this stack.</p>`
            : html`<p class="problem" id="about-email" role="alert">${problem}</p>`
        }
        <div class="buttons">
          <button name="answer" value="sign-in">Sign in</button>
          <button class="quiet" name="answer" value="cancel" formnovalidate>Cancel</button>
        </div>
      </form>`,
  );
}

export interface DeviceForm {
  readonly action: string;
  /** Proves that the form came from this issuer's page in this browser. */
  readonly xsrf: string;
}

/** Asks for the code that the terminal shows. */
export function deviceCodePage({
  action,
  xsrf,
  problem,
}: DeviceForm & { readonly problem?: string | undefined }): string {
  return page(
    'Enter the code',
    html`<h1>Which code does your terminal show?</h1>
      <form method="post" action="${action}">
        <input type="hidden" name="xsrf" value="${xsrf}" />
        <label for="code">Code</label>
        <input
          class="code"
          id="code"
          name="user_code"
          type="text"
          placeholder="XXXX-XXXX"
          required
          autofocus
          autocomplete="off"
          autocapitalize="characters"
          spellcheck="false"
          maxlength="32"
          aria-describedby="about-code"
          ${problem === undefined ? undefined : html`aria-invalid="true"`}
        />
        ${
          problem === undefined
            ? html`<p class="hint" id="about-code">Eight letters, such as BCDF-GHJK.</p>`
            : html`<p class="problem" id="about-code" role="alert">${problem}</p>`
        }
        <div class="buttons"><button>Continue</button></div>
      </form>`,
  );
}

/** Asks whether the code is the one on the terminal: somebody else could have sent the link. */
export function deviceConfirmPage({ action, xsrf, code }: DeviceForm & { readonly code: string }): string {
  return page(
    'Compare the code',
    html`<h1>Does your terminal show this code?</h1>
      <p class="code">${code}</p>
      <p>If it does not, somebody else sent you here: stop.</p>
      <form method="post" action="${action}">
        <input type="hidden" name="xsrf" value="${xsrf}" />
        <input type="hidden" name="user_code" value="${code}" />
        <div class="buttons">
          <button name="confirm" value="yes" autofocus>Yes, continue</button>
          <button class="quiet" name="abort" value="yes">No, stop</button>
        </div>
      </form>`,
  );
}

/** The end of a sign-in that began on a terminal. */
export function deviceDonePage(email: string): string {
  return page(
    'Signed in',
    html`<h1>You are ${email}.</h1>
      <p>The program in your terminal goes on by itself. You can close this page.</p>`,
  );
}

export function problemPage(title: string, explanation: string): string {
  return page(
    title,
    html`<h1>${title}</h1>
      <p>${explanation}</p>
      <p>Start again in the program that sent you here.</p>`,
  );
}

/** What somebody sees who opens the issuer's address. */
export function homePage(issuer: string): string {
  return page(
    'About',
    html`<h1>An OpenID Connect issuer for this machine</h1>
      <p>Programs that sign send you here by themselves. To try it: <code>npx tally sign FILE</code></p>
      <dl>
        <dt>Issuer</dt>
        <dd><code>${issuer}</code></dd>
        <dt>What it offers</dt>
        <dd><a href="/.well-known/openid-configuration">its discovery document</a></dd>
      </dl>`,
  );
}
