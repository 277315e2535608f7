import { printable } from '../dns/message/names.ts';
import { type CaaRecord, type IssueValue, parseIssueValue } from './caa-value.ts';
import type { CaaQuestion } from './validation.ts';

/** Who asks a CA, and how control will be shown. */
export type Issuing = Pick<CaaQuestion, 'identities' | 'accountUri' | 'method'>;

/** A record set with the name that owns it. */
export interface CaaSet {
  readonly owner: string;
  readonly records: readonly CaaRecord[];
}

/** Bit 0 of the flags (RFC 8659 4.1.1). */
const CRITICAL = 128;

/** Tags that CAs know; `iodef` and `issuemail` say nothing of certificates for hosts. */
const KNOWN = new Set(['issue', 'issuewild', 'iodef', 'issuemail']);

/**
 * Why the record set keeps the CA from issuing for a host, as a sentence with what to change; undefined where it lets
 * it (RFC 8659 4, RFC 8657). `isWildcard` tells whether the host is a wildcard.
 */
export function objectionOf(set: CaaSet, issuing: Issuing, isWildcard: boolean): string | undefined {
  const unknown = set.records.find(({ flags, tag }) => flags & CRITICAL && !KNOWN.has(tag));
  if (unknown) return critical(set.owner, unknown);
  const properties = relevant(set.records, isWildcard);
  if (properties.length === 0) return undefined;
  const objections = properties.map((property) => objectionTo(property, issuing));
  if (objections.includes('none')) return undefined;
  return words(set.owner, properties, objections, issuing);
}

/** Properties that count: `issuewild` instead of `issue` for a wildcard where there is one (RFC 8659 4.3). */
function relevant(records: readonly CaaRecord[], isWildcard: boolean): readonly CaaRecord[] {
  const wild = isWildcard ? records.filter(({ tag }) => tag === 'issuewild') : [];
  return wild.length > 0 ? wild : records.filter(({ tag }) => tag === 'issue');
}

type Objection = 'none' | 'malformed' | 'other_ca' | 'account' | 'method';

function objectionTo({ value }: CaaRecord, issuing: Issuing): Objection {
  const parsed = parseIssueValue(value);
  if (!parsed) return 'malformed';
  if (!issuing.identities.some((identity) => identity.toLowerCase() === parsed.issuer)) return 'other_ca';
  if (!isAccount(parsed, issuing)) return 'account';
  return isMethod(parsed, issuing) ? 'none' : 'method';
}

/** RFC 8657 3: URIs are compared letter by letter; two of them in one property are satisfied by none. */
function isAccount(value: IssueValue, { accountUri }: Issuing): boolean {
  const uris = valuesOf(value, 'accounturi');
  if (uris.length > 1) return false;
  return uris.length === 0 || accountUri === undefined || uris[0] === accountUri;
}

/** RFC 8657 4: labels between commas; one that is no label makes the property count for nothing. */
function isMethod(value: IssueValue, { method }: Issuing): boolean {
  const lists = valuesOf(value, 'validationmethods');
  if (lists.length !== 1) return lists.length === 0;
  const labels = (lists[0] ?? '').split(',');
  return labels.every((label) => /^[a-z0-9-]+$/i.test(label)) && labels.includes(method);
}

const valuesOf = ({ parameters }: IssueValue, tag: string): string[] =>
  parameters.filter((parameter) => parameter.tag === tag).map(({ value }) => value);

function critical(owner: string, { tag }: CaaRecord): string {
  const seen = `CAA ${owner} has the critical tag "${printable(tag, 30)}", which no CA may pass over`;
  return `${seen}; remove that record, or set its flags to 0`;
}

/** The closest miss makes the sentence: a property that names the CA, before those of others. */
function words(
  owner: string,
  properties: readonly CaaRecord[],
  objections: readonly Objection[],
  issuing: Issuing,
): string {
  const method = properties[objections.indexOf('method')];
  if (method) return wrongMethod(owner, method, issuing);
  const account = properties[objections.indexOf('account')];
  return account ? wrongAccount(owner, account, issuing) : otherCa(owner, properties, issuing);
}

function wrongMethod(owner: string, record: CaaRecord, { identities: [identity], method }: Issuing): string {
  const seen = `${recordInWords(owner, record)} does not let ${identity} validate by ${method}`;
  return `${seen}; let its validationmethods be one list with ${method} in it`;
}

function wrongAccount(
  owner: string,
  record: CaaRecord,
  { identities: [identity], accountUri }: Issuing,
): string {
  const step =
    accountUri === undefined ? 'give it one accounturi alone' : `add one with accounturi=${accountUri}`;
  return `${recordInWords(owner, record)} is not for our account at ${identity}; ${step}`;
}

function otherCa(
  owner: string,
  properties: readonly CaaRecord[],
  { identities: [identity] }: Issuing,
): string {
  const tag = properties[0]?.tag ?? 'issue';
  const forWhat = tag === 'issuewild' ? ' for wildcards' : '';
  return `CAA ${owner} lets ${permitted(properties)} issue${forWhat}; add CAA ${owner} 0 ${tag} "${identity}"`;
}

/** A record as it stands at a name. */
export const recordInWords = (owner: string, { flags, tag, value }: CaaRecord): string =>
  `CAA ${owner} ${flags} ${tag} "${printable(value, 255)}"`;

/** The CAs that may issue, in words. */
function permitted(properties: readonly CaaRecord[]): string {
  const issuers = properties.flatMap(({ value }) => parseIssueValue(value)?.issuer || []);
  const broken = properties.filter(({ value }) => parseIssueValue(value) === undefined);
  const unread = broken.slice(0, 3).map(({ value }) => `"${printable(value, 80)}"`);
  const only = issuers.length > 0 ? `only ${[...new Set(issuers)].slice(0, 5).join(', ')}` : 'no CA';
  return unread.length > 0 ? `${only} (its value ${unread.join(', ')} is malformed)` : only;
}
