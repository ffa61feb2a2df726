import { toBase64 } from '#crypto';
import {
  quorumDemand,
  type CertificateAuthority,
  type ServiceUrl,
  type TimeRange,
  type TransparencyLog,
} from '#libs/verify';
import { printResult, type Context } from '../context.js';
import { EXIT } from '../failure.js';
import { fields, plain } from '../lines.js';
import { loadPolicy, type PolicyFile } from '../policy-file.js';
import { isDevelopmentOrigin, loadTrust, type Trust } from '../trust-config.js';

type Field = readonly [name: string, value: string];

/** `tally trust show`: whom this machine trusts, with which keys, since when. */
export async function trustShow(context: Context): Promise<number> {
  const trust = await loadTrust(context);
  const policy = await loadPolicy(trust, {}, context);
  const { tlogs, ctlogs, certificateAuthorities, timestampAuthorities } = trust.trustedRoot;
  const development = tlogs.some(({ baseUrl }) => isDevelopmentOrigin(new URL(baseUrl).hostname));
  printResult(
    context,
    {
      source: trust.source,
      trust: development ? 'development' : 'deployment',
      trustedRoot: trust.json.trustedRoot,
      signingConfig: trust.json.signingConfig,
      policy: policy === undefined ? undefined : { source: policy.source, text: policy.text },
    },
    `${trust.source}${development ? ': development trust, all witnesses under one owner' : ''}\n` +
      fields([
        ...tlogs.map((log) => logField('log', log)),
        ...ctlogs.map((log) => logField('ct log', log)),
        ...certificateAuthorities.map((ca) => authorityField('certificates', ca)),
        ...timestampAuthorities.map((tsa) => authorityField('timestamps', tsa)),
        ...services(trust),
        ...policyFields(policy),
      ]),
  );
  return EXIT.done;
}

function logField(name: string, { baseUrl, logId, publicKey, validFor }: TransparencyLog): Field {
  return [name, `${plain(baseUrl)}\n${publicKey.algorithm}, ID ${toBase64(logId)}, ${shownRange(validFor)}`];
}

function authorityField(name: string, { uri, subject, chain, validFor }: CertificateAuthority): Field {
  const owner = [subject.organization, subject.commonName].filter((part) => part !== '').join(' ');
  return [name, `${plain(uri || owner)}\n${chain.length} certificates, ${shownRange(validFor)}`];
}

function services({ signingConfig }: Trust): Field[] {
  if (signingConfig === undefined) return [['signing', 'no signing config: this trust verifies only']];
  const urls = (services: readonly ServiceUrl[]): string =>
    services.map(({ url, majorApiVersion }) => `${plain(url)} (API ${majorApiVersion})`).join('\n');
  return [
    ['sign at', urls(signingConfig.caUrls)],
    ['sign in at', urls(signingConfig.oidcUrls)],
    ['log at', urls(signingConfig.rekorTlogUrls)],
    ['timestamp at', urls(signingConfig.tsaUrls)],
  ];
}

function policyFields(policy: PolicyFile | undefined): Field[] {
  if (policy === undefined) return [['policy', 'none: no witness is demanded']];
  const { witnesses } = policy.policy;
  return [
    ['policy', policy.source],
    ['quorum', plain(quorumDemand(policy.policy))],
    ['witnesses', witnesses.map(({ name, url }) => plain([name, url].join(' '))).join('\n')],
  ];
}

function shownRange({ start, end }: TimeRange): string {
  const day = (date: Date): string => date.toISOString().slice(0, 10);
  return `since ${day(start)}${end === undefined ? '' : ` until ${day(end)}`}`;
}
