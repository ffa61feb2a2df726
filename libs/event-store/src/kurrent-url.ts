import { EventStoreError } from './event-store-error.js';

const SCHEME = /^(?:kurrentdb|kurrent|kdb|esdb)(?:\+discover)?:\/\//;
/** What the client knows. It prints the whole string, with the password, when it meets another one. */
const OPTIONS = new Set([
  'connectionname',
  'defaultdeadline',
  'discoveryinterval',
  'gossiptimeout',
  'keepaliveinterval',
  'keepalivetimeout',
  'maxdiscoverattempts',
  'nodepreference',
  'tls',
  'tlscafile',
  'tlsverifycert',
  'usercertfile',
  'userkeyfile',
]);

/**
 * Checks a connection string before the client sees it. No message has a part of it that could be the password.
 * @throws EventStoreError invalid-request
 */
export function checkKurrentUrl(url: string): void {
  if (!SCHEME.test(url)) throw refused('it should begin with kurrentdb:// or kurrentdb+discover://');
  const [address = '', query = ''] = url.replace(SCHEME, '').split('?', 2);
  const options = new Map<string, string>();
  for (const option of query.split('&').filter((text) => text !== '')) {
    const [key = '', value = ''] = option.split('=', 2);
    const name = key.trim().toLowerCase().replaceAll(/[_-]/g, '');
    // The client would answer a conflict with a revision that is not the stream's.
    if (name === 'throwonappendfailure') throw refused('throwOnAppendFailure can not be set');
    if (!OPTIONS.has(name)) throw refused(`there is no option ${JSON.stringify(key)}`);
    if (options.has(name)) throw refused(`the option ${key} is there twice`);
    options.set(name, value.trim());
  }
  if (address.includes('@') && options.get('tls') === 'false') {
    // It would leave them out without a word, and be let in as whoever comes without credentials.
    throw refused('credentials are not sent without TLS');
  }
}

const refused = (reason: string): EventStoreError =>
  new EventStoreError('invalid-request', `the connection string of the event store is not right: ${reason}`);
