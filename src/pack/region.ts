/**
 * Where private keys may be: places, and what is said of them (Cloudflare, Geo Key Manager: `geo_restrictions` and `policy`). Pure.
 * What is not known of a place counts for neither: a key goes only where its restriction surely allows it.
 */
import { Fault } from '../kit/fault.ts';

/** Region codes of Cloudflare's policies. All but EU lie apart; EU lies in WEUR and EEUR. */
export const REGION_CODES = ['AFR', 'APAC', 'EEUR', 'ENAM', 'EU', 'ME', 'OC', 'SAM', 'WEUR', 'WNAM'] as const;
export type RegionCode = (typeof REGION_CODES)[number];

export const GEO_LABELS = ['us', 'eu', 'highest_security'] as const;
export type GeoLabel = (typeof GEO_LABELS)[number];

/** What is known of where an edge is, or all processes that hold the private key of a region. */
export interface Location {
  /** It lies in each of them; empty: not known. */
  readonly regions: readonly RegionCode[];
  /** ISO 3166-1 alpha-2; undefined: not known, or several. */
  readonly country?: string | undefined;
  readonly isHighestSecurity: boolean;
}

/** Where the key of an upload may be, as its owner said. */
export type Restriction = { readonly label: GeoLabel } | { readonly policy: string };

/** Longest policy, and how deep its brackets may go. */
const [LONGEST_POLICY, DEEPEST] = [1_000, 20];

/** Member states of the European Union. */
const EU_COUNTRIES: ReadonlySet<string> = new Set(
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' '),
);
const AROUND_EU: readonly RegionCode[] = ['WEUR', 'EEUR'];

type Rule =
  | { readonly kind: 'country' | 'region'; readonly code: string }
  | { readonly kind: 'highest_security' }
  | { readonly kind: 'not'; readonly one: Rule }
  | { readonly kind: 'and' | 'or'; readonly all: readonly Rule[] };

const LABELS: Readonly<Record<GeoLabel, Rule>> = {
  us: { kind: 'country', code: 'US' },
  eu: { kind: 'region', code: 'EU' },
  highest_security: { kind: 'highest_security' },
};

/** Whether a restriction surely allows a place; no restriction allows every place, also one of which nothing is known. */
export function allows(restriction: Restriction | undefined, location: Location | undefined): boolean {
  if (restriction === undefined) return true;
  if (location === undefined) return false;
  const rule = 'label' in restriction ? LABELS[restriction.label] : parsePolicy(restriction.policy);
  return holds(rule, location) === true;
}

/** Where a pack may be served: where its key may be, or where its owner has a keyless one kept; undefined: anywhere. */
export const restrictionOf = ({
  upload,
  keptTo,
}: {
  readonly upload?: { readonly restriction?: Restriction | undefined } | undefined;
  readonly keptTo?: Restriction | undefined;
}): Restriction | undefined => upload?.restriction ?? keptTo;

/** A restriction in a sentence. */
export const restrictionWords = (restriction: Restriction): string =>
  'label' in restriction ? `geo_restrictions ${restriction.label}` : `the policy ${restriction.policy}`;

/** True, false, or undefined where what is known of the place does not tell. */
function holds(rule: Rule, location: Location): boolean | undefined {
  if (rule.kind === 'highest_security') return location.isHighestSecurity;
  if ('code' in rule)
    return rule.kind === 'country' ? isInCountry(rule.code, location) : isInRegion(rule.code, location);
  if ('all' in rule) return joined(rule, location);
  const told = holds(rule.one, location);
  return told === undefined ? undefined : !told;
}

/** One part decides where it can; else one that is not known leaves it open. */
function joined(
  { kind, all }: Extract<Rule, { readonly all: unknown }>,
  location: Location,
): boolean | undefined {
  const decides = kind === 'or';
  const told = all.map((one) => holds(one, location));
  if (told.includes(decides)) return decides;
  return told.includes(undefined) ? undefined : !decides;
}

function isInCountry(code: string, { country, regions }: Location): boolean | undefined {
  if (country !== undefined) return country === code;
  return regions.includes('EU') && !EU_COUNTRIES.has(code) ? false : undefined;
}

function isInRegion(code: string, { country, regions }: Location): boolean | undefined {
  if (code === 'EU' && country !== undefined) return EU_COUNTRIES.has(country);
  if (regions.some((one) => one === code)) return true;
  return regions.some((one) => areApart(one, code)) ? false : undefined;
}

/** Whether no place lies in both of two different regions. */
function areApart(one: RegionCode, other: string): boolean {
  if (one === 'EU') return !AROUND_EU.some((code) => code === other);
  return other === 'EU' ? !AROUND_EU.includes(one) : true;
}

/** Why what is said of a place cannot be; undefined: it can. */
export function contradictionIn({ regions, country }: Location): string | undefined {
  for (const one of regions)
    for (const other of regions)
      if (one !== other && areApart(one, other)) return `no place lies in both ${one} and ${other}`;
  if (country === undefined || !regions.includes('EU') || EU_COUNTRIES.has(country)) return undefined;
  return `${country} is no country of the EU`;
}

/** The country that a text names, in capital letters; undefined where it is none of two letters. */
export const countryOf = (text: string): string | undefined =>
  /^[A-Z]{2}$/i.test(text) ? text.toUpperCase() : undefined;

export const regionOf = (text: string): RegionCode | undefined =>
  REGION_CODES.find((code) => code === text.toUpperCase());

/**
 * Reads a policy: `country: XX` and `region: XX`, with `and`, `or`, `not` and brackets; `not` binds the most, then `and`.
 * Throws `malformed_request` in words for whoever wrote it.
 */
export function parsePolicy(policy: string): Rule {
  if (policy.length > LONGEST_POLICY) throw refused(`is longer than ${LONGEST_POLICY} characters`);
  const tokens = policy.match(/[()]|:|[A-Za-z]+|\S/g) ?? [];
  if (tokens.length === 0) throw refused('is empty');
  const parser = new Parser(tokens);
  const rule = parser.either(0);
  if (parser.next === undefined) return rule;
  throw refused(`is over before ${JSON.stringify(parser.next)}; join two parts by and, or`);
}

const refused = (why: string): Fault =>
  new Fault(
    'malformed_request',
    `policy: ${why}; it is written as (country: US) or (region: EU), with and, or, not`,
    { pointer: '/policy' },
  );

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get next(): string | undefined {
    return this.#tokens[this.#at];
  }

  either(depth: number): Rule {
    return this.#listOf('or', () => this.#listOf('and', () => this.#one(depth)));
  }

  #listOf(kind: 'and' | 'or', read: () => Rule): Rule {
    const all = [read()];
    while (this.#takes(kind)) all.push(read());
    const [only] = all;
    return all.length === 1 && only ? only : { kind, all };
  }

  #one(depth: number): Rule {
    if (depth > DEEPEST) throw refused(`has more than ${DEEPEST} parts in each other`);
    if (this.#takes('not')) return { kind: 'not', one: this.#one(depth + 1) };
    if (!this.#takes('(')) return this.#named();
    const rule = this.either(depth + 1);
    if (!this.#takes(')')) throw refused('has a bracket that is not closed');
    return rule;
  }

  #named(): Rule {
    const kind = this.#takes('country') ? 'country' : this.#takes('region') ? 'region' : undefined;
    if (!kind) throw refused(`has ${this.#shown()} where country or region is to stand`);
    if (!this.#takes(':')) throw refused(`has no colon behind ${kind}`);
    const text = this.next ?? '';
    const code = kind === 'country' ? countryOf(text) : regionOf(text);
    if (code === undefined) throw refused(`names the ${kind} ${this.#shown()}; ${CODES[kind]}`);
    this.#at += 1;
    return { kind, code };
  }

  #shown(): string {
    return this.next === undefined ? 'its end' : JSON.stringify(this.next);
  }

  #takes(word: string): boolean {
    if (this.next?.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }
}

const CODES = {
  country: 'it is named by two letters (ISO 3166)',
  region: `there are ${REGION_CODES.join(', ')}`,
} as const;
