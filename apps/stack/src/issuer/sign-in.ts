import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors } from 'oidc-provider';
import type Provider from 'oidc-provider';
import { isEmail } from './email.js';
import { PAGE_HEADERS, problemPage, signInPage } from './pages.js';
import { SIGN_IN_PATH } from './provider.js';
import { hasMediaType, readBody } from './request-body.js';

/** The sign-in page (GET) and the answer to it (POST), at `/sign-in/<id>`. Both need the cookie that the provider set. */
export async function signIn(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let interaction: Awaited<ReturnType<Provider['interactionDetails']>>;
  try {
    interaction = await provider.interactionDetails(request, response);
  } catch (error) {
    if (!(error instanceof errors.SessionNotFound)) throw error;
    const explanation = 'It took too long, or it was started in another browser.';
    response.writeHead(400, PAGE_HEADERS).end(problemPage('This sign-in is over', explanation));
    return;
  }
  const action = `${SIGN_IN_PATH}${interaction.uid}`;

  if (request.method !== 'POST') {
    const hint = interaction.params.login_hint;
    response
      .writeHead(200, PAGE_HEADERS)
      .end(signInPage({ action, email: typeof hint === 'string' ? hint : undefined }));
    return;
  }

  const form = new URLSearchParams(
    hasMediaType(request, 'application/x-www-form-urlencoded') ? await readBody(request) : '',
  );
  if (form.get('answer') === 'cancel') {
    const result = { error: 'access_denied', error_description: 'sign-in was cancelled on the page' };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    return;
  }

  const email = form.get('email')?.trim() ?? '';
  if (!isEmail(email)) {
    const problem =
      email === '' ? 'Enter an e-mail address.' : 'This is not an e-mail address. It looks like you@example.org.';
    response.writeHead(200, PAGE_HEADERS).end(signInPage({ action, email, problem }));
    return;
  }

  const { client_id: clientId, scope } = interaction.params;
  const grant = new provider.Grant({ accountId: email, clientId: String(clientId) });
  grant.addOIDCScope(String(scope));
  const result = { login: { accountId: email, remember: false }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}
