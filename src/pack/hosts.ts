import { isIP } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';
import { getPublicSuffix } from 'tldts';
import { Fault } from '../kit/fault.ts';
import { hasUnprintable } from '../kit/unprintable.ts';

/** Most hosts that one pack may have (Cloudflare, order a certificate pack). */
const MOST_HOSTS = 50;

/**
 * A host as a CA wants it: A-labels (RFC 5890), lower case, without a final dot; a wildcard keeps its `*.`.
 * Throws `invalid_host` in words for whoever wrote it.
 */
export function toName(host: string): string {
  const isWildcard = host.startsWith('*.');
  const ascii = toAscii(host, isWildcard ? host.slice(2) : host);
  const fault = faultOfLabels(ascii) ?? faultOfName(ascii);
  if (fault) throw refused(host, fault);
  const name = isWildcard ? `*.${ascii}` : ascii;
  if (name.length > 253) throw refused(host, 'is longer than 253 characters');
  return name;
}

/**
 * The end of host names, from a whole label on, as `toName` writes it; also one that is no host itself, such as a
 * public suffix. Throws `invalid_host`.
 */
export function toSuffix(text: string): string {
  const ascii = toAscii(text, text);
  const fault = faultOfLabels(ascii) ?? (ascii.length > 253 ? 'is longer than 253 characters' : undefined);
  if (fault) throw refused(text, fault);
  return ascii;
}

const refused = (host: string, why: string): Fault =>
  new Fault('invalid_host', `${JSON.stringify(host.slice(0, 260))} ${why}`);

/** `base` in A-labels; `host` is how it was written. */
function toAscii(host: string, base: string): string {
  if (base.includes('*')) throw refused(host, 'may have a wildcard only as its whole first label');
  if (isIP(host.replace(/^\[|\]$/g, '')))
    throw refused(host, 'is an IP address; a certificate pack is for host names');
  if (/(?![a-z0-9.-])\p{ASCII}/iu.test(base)) throw refused(host, 'has a character no host name may have');
  // Some of these would be dropped (UTS 46), and whoever reads the name would not know.
  if (hasUnprintable(base)) throw refused(host, 'has a character that cannot be seen');
  const ascii = domainToASCII(base);
  // A single character may stand for several, such as parentheses around a letter.
  if (!/^[a-z0-9.-]+$/.test(ascii) || isIP(ascii)) throw refused(host, 'is not a host name (RFC 5890)');
  return ascii;
}

const faultOfLabels = (name: string): string | undefined =>
  name
    .split('.')
    .map(faultOfLabel)
    .find((why) => why !== undefined);

/** Why an ASCII name of good labels is no host that a public CA may certify, or undefined when it is one. */
function faultOfName(name: string): string | undefined {
  const labels = name.split('.');
  if (labels.length < 2) return 'has a single label; a host name needs two or more';
  if (/^\d+$/.test(labels.at(-1) ?? '')) return 'ends in a number';
  if (isReverse(name)) return 'stands for an IP address (a reverse zone), for which no public CA may issue';
  if (getPublicSuffix(name) === name) return 'is a public suffix; nobody can show control of it';
  return undefined;
}

/** Whether a name is a zone of reverse names, or in one: no certificate may have it (CA/Browser Forum, ballot SC-086). */
const isReverse = (name: string): boolean => /(?:^|\.)(?:in-addr|ip6)\.arpa$/.test(name);

function faultOfLabel(label: string): string | undefined {
  if (label === '') return 'has an empty label';
  if (label.length > 63) return 'has a label longer than 63 characters';
  if (/^-|-$/.test(label)) return 'has a label that begins or ends with a hyphen';
  if (/^(?!xn)..--/.test(label)) return 'has a reserved label (RFC 5890 2.3.1)';
  if (label.startsWith('xn--') && domainToUnicode(label) === label)
    return 'has a malformed A-label (RFC 5890)';
  return undefined;
}

/**
 * The names of `hosts`, in order. Throws `invalid_host` with a pointer to the host at fault: none at all,
 * more than 50, one that is no host, a duplicate, or one outside `zone`.
 */
export function toNames(hosts: readonly string[], zone: string): string[] {
  if (hosts.length === 0) throw new Fault('invalid_host', 'hosts must not be empty', { pointer: '/hosts' });
  if (hosts.length > MOST_HOSTS) {
    const many = `a certificate pack has at most ${MOST_HOSTS} hosts, this order has ${hosts.length}`;
    throw new Fault('invalid_host', many, { pointer: '/hosts' });
  }
  const names: string[] = [];
  for (const [i, host] of hosts.entries()) {
    const pointer = { pointer: `/hosts/${i}` };
    const name = named(host, pointer);
    const first = names.indexOf(name);
    if (first >= 0) throw new Fault('invalid_host', `${host} is the same host as hosts[${first}]`, pointer);
    if (!isInZone(name, zone)) throw new Fault('invalid_host', `${host} is not in the zone ${zone}`, pointer);
    names.push(name);
  }
  return names;
}

function named(host: string, pointer: { readonly pointer: string }): string {
  try {
    return toName(host);
  } catch (error) {
    if (error instanceof Fault) throw new Fault(error.fault, error.message, pointer);
    throw error;
  }
}

/** Whether `name` is the zone or lies below it. */
export function isInZone(name: string, zone: string): boolean {
  const base = withoutWildcard(name);
  return base === zone || base.endsWith(`.${zone}`);
}

export const isWildcard = (name: string): boolean => name.startsWith('*.');

/** Authorization Domain Name (BR 1.6.1): the name without its wildcard label, where control is shown. */
export const withoutWildcard = (name: string): string => (isWildcard(name) ? name.slice(2) : name);

/** Whether a certificate for `pattern` is good for `name` (RFC 9525 6.3): a wildcard covers one label. */
export function covers(pattern: string, name: string): boolean {
  return pattern === name || (isWildcard(pattern) && wildcardOf(name) === pattern);
}

/** The wildcard name that would cover `name`: its first label replaced. */
export const wildcardOf = (name: string): string => `*.${name.slice(name.indexOf('.') + 1)}`;

/** Whether a name has a label in another script than ASCII (an A-label). */
export const isInternationalized = (name: string): boolean =>
  name.split('.').some((label) => label.startsWith('xn--'));
