/** What certificates of CAs are limited to: for which names they may stand above a leaf, and how far (RFC 5280 4.2.1.9, 4.2.1.10). */
import type { X509Certificate } from 'node:crypto';
import { ifDer } from '../kit/der-values.ts';
import { covers, isInZone, isWildcard } from '../pack/hosts.ts';
import {
  type GeneralName,
  limitsIn,
  type NameForm,
  namesIn,
  relativeNames,
  type Subtrees,
} from './general-names.ts';

/**
 * Why a chain, leaf first and a root last, is none: in words that go on after "the certificate"; undefined: it is one. Looked at are
 * all names of the leaf and of the CAs below the one that is limited.
 */
export const breach = (chain: readonly X509Certificate[]): string | undefined =>
  ifDer(
    () => breachIn(chain),
    'has a chain with names that cannot be judged: one is BER, of indefinite length, and not DER',
  );

function breachIn(chain: readonly X509Certificate[]): string | undefined {
  for (const [i, ca] of chain.entries()) {
    if (i === 0) continue;
    const { subtrees, most } = limitsIn(ca);
    const between = chain.slice(1, i).filter(({ subject, issuer }) => subject !== issuer);
    if (most !== undefined && between.length > most)
      return `has a chain that is longer than ${nameOf(ca)} allows below it`;
    const why = subtrees && outsideOf(ca, subtrees, [...chain.slice(0, 1), ...between]);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** What of the certificates below a CA it may not stand above, the leaf first. */
function outsideOf(
  ca: X509Certificate,
  subtrees: Subtrees,
  below: readonly X509Certificate[],
): string | undefined {
  const { permitted, excluded, isCritical, isOdd } = subtrees;
  const isUnknown = [...permitted, ...excluded].some(({ form }) => form === 'other');
  if (isCritical && (isOdd || isUnknown))
    return `has a chain that clients may refuse: ${nameOf(ca)} is limited in a way that cannot be judged, by names of an unusual form`;
  for (const [i, one] of below.entries()) {
    const outside = namesIn(one).find((name) => !isWithin(name, subtrees));
    if (outside === undefined) continue;
    const limited = `${nameOf(ca)} is limited to other names`;
    return i === 0
      ? `is for ${wordsOf(outside)}, for which its CA may not issue: ${limited}`
      : `has a chain in which a CA stands that may not: ${limited} than ${wordsOf(outside)}`;
  }
  return undefined;
}

/** Where nothing is said of a form, all names of it may be. */
function isWithin(name: GeneralName, { permitted, excluded }: Subtrees): boolean {
  const ofForm = (bases: readonly GeneralName[]) => bases.filter(({ tag }) => tag === name.tag);
  const [wanted, barred] = [ofForm(permitted), ofForm(excluded)];
  if (name.form === 'other') return wanted.length === 0 && barred.length === 0;
  const { isBelow, touches = isBelow } = RULES[name.form];
  return (
    (wanted.length === 0 || wanted.some((base) => isBelow(name.bytes, base.bytes))) &&
    !barred.some((base) => touches(name.bytes, base.bytes))
  );
}

/** How names of a form are compared with the base of a subtree. */
interface Rule {
  readonly isBelow: (name: Buffer, base: Buffer) => boolean;
  /** Whether any of what the name stands for is below the base; unless told, as `isBelow`. */
  readonly touches?: (name: Buffer, base: Buffer) => boolean;
}

const textOf = (bytes: Buffer): string => bytes.toString('latin1');
const lower = (bytes: Buffer): string => textOf(bytes).toLowerCase();

/** A name is below its own, and all are below the empty one; a dot before a name leaves out that name itself. */
const isBelowDns = (name: string, base: string): boolean =>
  base === '' || (base.startsWith('.') ? name.endsWith(base) : isInZone(name, base));

/** Of a mail address or a URI: a host alone is that host, with a dot before it all below it. */
const isAtHost = (host: string, base: string): boolean =>
  base === '' || (base.startsWith('.') ? host.endsWith(base) : host === base);

const RULES: Readonly<Record<NameForm, Rule>> = {
  dns: {
    isBelow: (name, base) => isBelowDns(lower(name), lower(base)),
    touches: (name, base) =>
      isBelowDns(lower(name), lower(base)) || (isWildcard(lower(name)) && covers(lower(name), lower(base))),
  },
  mail: { isBelow: (name, base) => isBelowMail(textOf(name), textOf(base)) },
  uri: { isBelow: (name, base) => isAtHost(hostOf(textOf(name)), lower(base)) },
  ip: { isBelow: isInNetwork },
  directory: {
    isBelow: (name, base) => {
      const [whole, begin] = [relativeNames(name), relativeNames(base)];
      return begin.every((one, i) => whole[i] === one);
    },
  },
};

/** The part before the at sign is told by capitals too. */
function isBelowMail(address: string, base: string): boolean {
  const [at, baseAt] = [address.lastIndexOf('@'), base.lastIndexOf('@')];
  const host = address.slice(at + 1).toLowerCase();
  if (baseAt < 0) return isAtHost(host, base.toLowerCase());
  return address.slice(0, at) === base.slice(0, baseAt) && host === base.slice(baseAt + 1).toLowerCase();
}

const hostOf = (uri: string): string => URL.parse(uri)?.hostname.toLowerCase() ?? '';

/** The base has an address and a mask, of the same kind of addresses. */
function isInNetwork(address: Buffer, base: Buffer): boolean {
  const { length } = address;
  if (base.length !== 2 * length) return false;
  return address.every((byte, i) => ((byte ^ (base[i] ?? 0)) & (base[length + i] ?? 0)) === 0);
}

/** A name as people are told it. */
function wordsOf({ form, bytes }: GeneralName): string {
  if (form === 'dns') return lower(bytes).slice(0, 260);
  if (form === 'ip') return `the address ${addressOf(bytes)}`;
  if (form === 'directory') return 'its subject';
  return form === 'other'
    ? 'a name of an unusual form'
    : `${form === 'mail' ? 'the mail address' : 'the URI'} ${textOf(bytes).slice(0, 200)}`;
}

const addressOf = (bytes: Buffer): string =>
  bytes.length === 4 ? bytes.join('.') : (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');

const nameOf = ({ subject }: X509Certificate): string => subject.split('\n').join(', ').slice(0, 200);
