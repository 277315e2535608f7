/** Webhooks of alerts: which shapes what is sent may have, and what URL may be sent to. */
import { Fault } from '../kit/fault.ts';
import { hasUnprintable } from '../kit/unprintable.ts';

/** Shapes: Cloudflare's types of webhooks, and those that we have beside them. */
export const WEBHOOK_KINDS = [
  'generic',
  'slack',
  'discord',
  'gchat',
  'feishu',
  'splunk',
  'opsgenie',
  'datadog',
  'msteams',
  'pagerduty',
  'alertmanager',
] as const;
export type WebhookKind = (typeof WEBHOOK_KINDS)[number];

/** Names of hosts, and of what is above them, by which a shape is known; Alertmanager's may have any name. */
const HOSTS: Readonly<Partial<Record<WebhookKind, readonly string[]>>> = {
  slack: ['hooks.slack.com', 'hooks.slack-gov.com'],
  discord: ['discord.com', 'discordapp.com'],
  gchat: ['chat.googleapis.com'],
  feishu: ['open.feishu.cn', 'open.larksuite.com'],
  splunk: ['splunkcloud.com'],
  opsgenie: ['opsgenie.com'],
  datadog: ['datadoghq.com', 'datadoghq.eu', 'ddog-gov.com'],
  msteams: ['webhook.office.com', 'logic.azure.com', 'api.powerplatform.com'],
  pagerduty: ['events.pagerduty.com', 'events.eu.pagerduty.com'],
};

/** The shape that is meant by a URL: whose host it is. */
export function kindOfUrl(url: string): WebhookKind {
  const { hostname } = new URL(url);
  const isOf = (name: string) => hostname === name || hostname.endsWith(`.${name}`);
  return WEBHOOK_KINDS.find((kind) => HOSTS[kind]?.some(isOf)) ?? 'generic';
}

/** Says of an address, and of the host that leads there, whether anything is sent to it. */
export type MayReach = (address: string, host: string) => boolean;

/** Longest URL. */
const MOST_CHARACTERS = 2_048;

/**
 * A URL that can be sent to, as it was written. What a name leads to is only known when it is sent. Throws `webhook_refused` in
 * words for whoever wrote it.
 */
export function toWebhookUrl(text: string, mayReach: MayReach): string {
  const url = parsed(text);
  const why = faultOf(url) ?? faultOfHost(url, mayReach);
  if (why !== undefined) throw refused(why);
  return text;
}

/** The words have nothing of the URL, which may be a secret. */
const refused = (why: string): Fault =>
  new Fault('webhook_refused', `the URL of a webhook ${why}`, { pointer: '/url' });

function parsed(text: string): URL {
  if (text.length > MOST_CHARACTERS) throw refused(`has at most ${MOST_CHARACTERS} characters`);
  const url = URL.parse(text);
  if (url && !/[\s\\]/.test(text) && !hasUnprintable(text)) return url;
  throw refused('must be one, as https://example.com/alerts');
}

function faultOf({ protocol, username, password, hash, port }: URL): string | undefined {
  if (protocol !== 'https:' && protocol !== 'http:') return 'must begin with https:// or http://';
  if (username !== '' || password !== '')
    return 'has a user or a password: a secret goes into the field secret, or into the path';
  if (hash !== '') return 'has a fragment (#), which is never sent';
  if (port !== '' && port !== '80' && port !== '443' && Number(port) < 1024)
    return `has port ${port}: of those below 1024 only 80 and 443 are sent to`;
  return undefined;
}

function faultOfHost({ hostname }: URL, mayReach: MayReach): string | undefined {
  const address = addressIn(hostname);
  if (address !== undefined && !mayReach(address, hostname))
    return 'leads to an address that is not public; the operator of this service would have to allow it';
  return undefined;
}

/** The address that a host is: a URL has IPv4 in four decimal parts by then, whatever was written. */
function addressIn(hostname: string): string | undefined {
  if (hostname.startsWith('[')) return hostname.slice(1, -1);
  if (/^[\d.]+$/.test(hostname)) return hostname;
  return /(?:^|\.)localhost\.?$/.test(hostname) ? '127.0.0.1' : undefined;
}
