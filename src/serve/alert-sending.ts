/** How alerts are sent, as the options have it. */
import { readFileSync, statSync } from 'node:fs';
import type { SecureContext } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { isAllowed } from '../dns/address.ts';
import type { AlertParts } from '../job/job.ts';
import type { Options } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { between, type Seconds } from '../kit/time.ts';
import { newAddressesOf } from '../notify/addresses.ts';
import { rootsWith } from '../notify/http-exchange.ts';
import type { MailServer } from '../notify/mail.ts';
import { newSend, type Send } from '../notify/send.ts';

/** Says of an address, and of the host that leads there, whether anything is sent to it. */
export function mayReachOf({ alert_addresses: allow }: Options): (address: string, host?: string) => boolean {
  const hosts = new Set(allow.filter((one) => !one.includes('/')).map((one) => one.toLowerCase()));
  return (address, host) =>
    isAllowed(address, allow) || (host !== undefined && hosts.has(host.toLowerCase()));
}

/** What jobs are given to send alerts. Throws `configuration` for options that make no sense. */
export const alertPartsOf = (options: Options, onOutcome: AlertParts['onOutcome']): AlertParts => ({
  send: sendOf(options),
  publicUrl: options.public_url,
  digestAfter: options.alert_digest,
  mayMail: newShares(options.alert_mails),
  onOutcome,
});

/** Addresses of which it is known how much they were sent of late. */
const MOST_ADDRESSES = 10_000;
const SPAN: Seconds = 3_600;

/** Lets so many through for each address in an hour. */
function newShares(most: number): AlertParts['mayMail'] {
  const sent = new LRUCache<string, { readonly since: Date; count: number }>({ max: MOST_ADDRESSES });
  return (address, now) => {
    const known = sent.get(address);
    const isNew = !known || Math.abs(between(known.since, now)) >= SPAN;
    const share = isNew ? { since: now, count: 0 } : known;
    if (isNew) sent.set(address, share);
    share.count += 1;
    return share.count <= most;
  };
}

/** Whether mail can be sent. */
export const isMailed = (options: Options): boolean => options.smtp_url !== '';

/** By which servers of others are reached: what alerts are sent by. Throws `configuration` for roots that cannot be read. */
export function outboundOf(options: Options) {
  const more = options.alert_ca_file === '' ? [] : [readRoots(options.alert_ca_file)];
  let trusted: SecureContext | undefined;
  const roots = () => (trusted ??= rootsWith(more));
  return { addressesOf: newAddressesOf(options.alert_dns), mayReach: mayReachOf(options), roots };
}

function sendOf(options: Options): Send {
  const outbound = outboundOf(options);
  const { roots } = outbound;
  return newSend({
    ...outbound,
    mail: mailServerOf(options, roots),
    pagerdutyUrl: options.pagerduty_url,
  });
}

function readRoots(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    rootsWith([text]);
    return text;
  } catch (cause) {
    throw new Fault('configuration', `option 'alert_ca_file': ${path} cannot be read as PEM`, { cause });
  }
}

const PORTS: Readonly<Record<string, number>> = { 'smtp:': 587, 'smtps:': 465 };

function mailServerOf(options: Options, roots: MailServer['roots']): MailServer | undefined {
  if (!isMailed(options)) return undefined;
  if (!/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(options.mail_from))
    throw new Fault('configuration', "option 'mail_from' must be a mail address where 'smtp_url' is set");
  const { url, usualPort } = smtpUrlOf(options);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? usualPort : Number(url.port),
    isTlsAtOnce: url.protocol === 'smtps:',
    isTlsDemanded: !options.smtp_insecure,
    user: decodeURIComponent(url.username) || undefined,
    password: passwordOf(options, decodeURIComponent(url.password)),
    from: options.mail_from,
    roots,
  };
}

function smtpUrlOf({ smtp_url: text }: Options) {
  const url = URL.parse(text);
  const usualPort = PORTS[url?.protocol ?? ''];
  if (url && usualPort !== undefined && url.hostname !== '') return { url, usualPort };
  throw new Fault('configuration', "option 'smtp_url' must be as smtps://user@mail.example.net:465");
}

function passwordOf({ smtp_password: given, smtp_password_file: path }: Options, inUrl: string): string {
  if (path !== '') return readPassword(path);
  return given === '' ? inUrl : given;
}

function readPassword(path: string): string {
  try {
    if ((statSync(path).mode & 0o077) === 0) return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new Fault('configuration', `option 'smtp_password_file': ${path} cannot be read`, { cause });
  }
  throw new Fault('configuration', `${path} can be read by others; make it mode 600`);
}
