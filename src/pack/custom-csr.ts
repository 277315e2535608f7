/** Requests for certificates that customers take to a CA of theirs: the key is made here, and stays (Cloudflare, custom_csrs). */
import { getPublicSuffix } from 'tldts';
import { Fault, type FaultName } from '../kit/fault.ts';
import { hasUnprintable } from '../kit/unprintable.ts';
import { toName, withoutWildcard } from './hosts.ts';

export const CSR_KEY_TYPES = ['rsa2048', 'p256v1'] as const;
export type CsrKeyType = (typeof CSR_KEY_TYPES)[number];

/** Most requests that an account may have, those of its zones among them. */
export const MOST_CSRS = 1_000;
/** Most names of one, and the longest (Cloudflare's schema). */
const [MOST_SANS, LONGEST_SAN] = [150, 256];

/** What a request says of its subject, by the wire's names; the country as two letters. */
export interface CsrSubject {
  readonly common_name: string;
  readonly country: string;
  readonly state: string;
  readonly locality: string;
  readonly organization: string;
  readonly organizational_unit?: string | undefined;
}

/** As a client sends it: nothing of it is looked at yet. */
export type GivenCsr = Readonly<
  Partial<Record<keyof CsrSubject | 'name' | 'description' | 'key_type', string>>
> & {
  readonly sans?: readonly string[] | undefined;
};

/** What a request is made of. */
export interface CsrTerms {
  readonly subject: CsrSubject;
  /** In A-labels, lower case, each once. */
  readonly sans: readonly string[];
  readonly keyType: CsrKeyType;
  readonly name: string;
  readonly description: string;
}

type Field = keyof CsrSubject | 'name' | 'description';

/** Longest value of each field: of the subject by RFC 5280 A.1. */
const LONGEST: Readonly<Record<Field, number>> = {
  common_name: 64,
  country: 2,
  state: 128,
  locality: 128,
  organization: 64,
  organizational_unit: 64,
  name: 255,
  description: 1_000,
};

/** The faults of what has to be there. */
const MISSING = {
  country: 'csr_no_country',
  state: 'csr_no_state',
  locality: 'csr_no_locality',
  organization: 'csr_no_organization',
  common_name: 'csr_no_common_name',
} as const satisfies Partial<Record<keyof CsrSubject, FaultName>>;

/** Reads what a client sends. Throws the documented faults of requests, each with a pointer, and `malformed_request` for what is too long. */
export function toCsrTerms(given: GivenCsr): CsrTerms {
  const { key_type: keyType = 'rsa2048' } = given;
  const known = CSR_KEY_TYPES.find((one) => one === keyType);
  const subject = {
    country: toCountry(demanded(given, 'country')),
    state: demanded(given, 'state'),
    locality: demanded(given, 'locality'),
    organization: demanded(given, 'organization'),
    common_name: demanded(given, 'common_name'),
    organizational_unit: textIn(given, 'organizational_unit') || undefined,
  };
  const sans = toSans(given.sans ?? []);
  if (!known) throw refused('csr_key_type', 'key_type', `must be one of ${CSR_KEY_TYPES.join(', ')}`);
  const [name, description] = [textIn(given, 'name'), textIn(given, 'description')];
  return { subject, sans, keyType: known, name, description };
}

function demanded(given: GivenCsr, field: keyof typeof MISSING): string {
  const text = textIn(given, field);
  if (text !== '') return text;
  throw refused(MISSING[field], field, 'is required');
}

function textIn(given: GivenCsr, field: Field): string {
  const text = (given[field] ?? '').trim();
  if (hasUnprintable(text)) throw refused('malformed_request', field, 'has characters that cannot be shown');
  if (text.length <= LONGEST[field]) return text;
  const fault = field === 'common_name' ? 'csr_common_name_too_long' : 'malformed_request';
  throw refused(fault, field, `may have ${LONGEST[field]} characters`);
}

function toCountry(text: string): string {
  if (/^[A-Z]{2}$/i.test(text)) return text.toUpperCase();
  throw refused('csr_no_country', 'country', 'must be two letters (ISO 3166), as US');
}

function toSans(given: readonly string[]): string[] {
  if (given.length === 0) throw refused('csr_no_names', 'sans', 'must name at least one host');
  if (given.length > MOST_SANS) throw refused('csr_invalid_name', 'sans', `may have ${MOST_SANS} hosts`);
  return [...new Set(given.map(toSan))];
}

function toSan(text: string, i: number): string {
  const field = `sans/${i}`;
  // oxlint-disable-next-line no-control-regex -- what is not ASCII is told apart from what is no host
  if (/[^\x00-\x7f]/.test(text))
    throw refused('csr_name_not_ascii', field, 'has other characters than ASCII; write A-labels (xn--…)');
  if (text.length >= LONGEST_SAN) throw refused('csr_invalid_name', field, 'is too long for a host');
  const bare = withoutWildcard(text.toLowerCase().replace(/\.$/, ''));
  if (RESERVED.includes(bare))
    throw refused('csr_name_reserved', field, `${bare} is kept for tests and examples`);
  if (getPublicSuffix(bare, { allowPrivateDomains: true }) === bare)
    throw refused('csr_name_is_suffix', field, `${bare} is a public suffix, below which others register`);
  return named(text, field);
}

function named(text: string, field: string): string {
  try {
    return toName(text);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw refused('csr_invalid_name', field, error.message);
  }
}

const RESERVED: readonly string[] = ['test', 'example', 'invalid', 'localhost'];
const EXAMPLES: readonly string[] = ['example.com', 'example.net', 'example.org'];

/** Throws for a name that is kept for examples (RFC 2606), of which no CA issues; not where `isOwn` knows a zone of the account above it. */
export function checkReserved(sans: readonly string[], isOwn: (name: string) => boolean): void {
  for (const [i, san] of sans.entries()) {
    const name = withoutWildcard(san);
    const [top = ''] = name.split('.').slice(-1);
    const isReserved = RESERVED.includes(top);
    const isExample = EXAMPLES.some((one) => name === one || name.endsWith(`.${one}`));
    if ((!isReserved && !isExample) || isOwn(name)) continue;
    const what = isReserved ? `.${top}` : 'that domain';
    throw refused(
      isReserved ? 'csr_name_reserved' : 'csr_name_example',
      `sans/${i}`,
      `${what} is kept for tests and examples`,
    );
  }
}

const refused = (fault: FaultName, field: string, why: string): Fault =>
  new Fault(fault, `${field.replace('/', ' ')}: ${why}`, { pointer: `/${field}` });
