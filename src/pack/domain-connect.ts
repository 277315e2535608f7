/**
 * Domain Connect, synchronous flow (github.com/Domain-Connect/spec, section 5): whoever keeps the DNS of a name creates, by one
 * click of the name's owner there, the records that we need. Pure. Terms:
 * - provider: who keeps the DNS; the other side of ours, which the specification calls service provider.
 * - template: which records a click creates, with variables. The provider has it before; a link names it and gives values.
 * - domain, host: the zone at the provider, and what stands before it in the name; '' for the zone's own name.
 */
import type { ConnectFound, ConnectProvider } from './connect-provider.ts';
import { withoutWildcard } from './hosts.ts';

/** The templates: for a name that is to lead to us, and for control of a name alone. */
export const CONNECT_SERVICES = ['custom-hostname', 'certificate'] as const;
export type ConnectService = (typeof CONNECT_SERVICES)[number];

/** What the operator is called by providers. */
export interface ConnectTerms {
  /** A domain of his; public keys are below it. */
  readonly providerId: string;
  readonly providerName: string;
  /** Label of the TXT records with the public key. */
  readonly keyName: string;
  /** '' for none. */
  readonly delegationZone: string;
}

/** A record to create. Names and targets have no final dot. */
export interface ConnectRecord {
  readonly type: 'TXT' | 'CNAME';
  readonly name: string;
  readonly value: string;
}

/** A place for a record in a template. */
interface Slot {
  /** By it a link says that the record is wanted. */
  readonly group: string;
  readonly type: ConnectRecord['type'];
  /** Below the name; '' for the name itself. */
  readonly host: string;
  readonly variable: string;
  /** Of which templates it is. */
  readonly of: readonly ConnectService[];
}

const [CHALLENGE, OWNERSHIP] = ['_acme-challenge', '_cf-custom-hostname'];
/** Values of one name at a time: of the name and its wildcard, by two orders. */
const MOST_VALUES = 4;

const SLOTS: readonly Slot[] = [
  { group: 'ownership', type: 'TXT', host: OWNERSHIP, variable: 'ownership', of: CONNECT_SERVICES },
  { group: 'delegation', type: 'CNAME', host: CHALLENGE, variable: 'delegation', of: CONNECT_SERVICES },
  ...Array.from({ length: MOST_VALUES }, (_, i) => ({
    group: `validation${i + 1}`,
    type: 'TXT' as const,
    host: CHALLENGE,
    variable: `validation${i + 1}`,
    of: CONNECT_SERVICES,
  })),
  { group: 'traffic', type: 'CNAME', host: '', variable: 'target', of: ['custom-hostname'] },
  { group: 'wildcard', type: 'CNAME', host: '*', variable: 'target', of: ['custom-hostname'] },
];

/** Short: what is wrong can be put right soon. */
const TTL = 300;

const SAYS: Readonly<Record<ConnectService, { readonly name: string; readonly description: string }>> = {
  'custom-hostname': {
    name: 'Custom hostname',
    description: 'Leads a host to the service, and shows control of it for its certificates.',
  },
  certificate: {
    name: 'Certificate',
    description: 'Shows control of a name for its certificates; leads nothing anywhere.',
  },
};

const VARIABLES: Readonly<Record<string, string>> = {
  ownership: 'token that shows control of the host',
  delegation: 'name of the host below the zone that answers validation for it',
  target: 'name that the host is to lead to',
};

/** A template as the public repository of templates wants it (template.schema there). */
export function connectTemplate(terms: ConnectTerms, service: ConnectService) {
  const slots = SLOTS.filter(
    ({ of, variable }) => of.includes(service) && (variable !== 'delegation' || terms.delegationZone !== ''),
  );
  const variables = [...new Set(slots.map(({ variable }) => variable))];
  return {
    providerId: terms.providerId,
    providerName: terms.providerName,
    serviceId: service,
    serviceName: SAYS[service].name,
    version: 1,
    description: SAYS[service].description,
    variableDescription: variables
      .map((one) => `%${one}%: ${VARIABLES[one] ?? 'value that the certificate authority looks for'}`)
      .join('; '),
    syncPubKeyDomain: terms.providerId,
    hostRequired: service === 'custom-hostname',
    records: slots.map((slot) => recordOf(slot, terms)),
  };
}

/** As much as can be is fixed in the template: a link then leads nowhere else. */
function recordOf({ group, type, host, variable }: Slot, { delegationZone }: ConnectTerms) {
  const value = variable === 'delegation' ? `%delegation%.${delegationZone}` : `%${variable}%`;
  const place = { groupId: group, type, host: host || '@', ttl: TTL };
  return type === 'TXT'
    ? { ...place, data: value, essential: 'OnApply' }
    : { ...place, pointsTo: value, essential: 'Always' };
}

/** What a link asks for. */
export interface ConnectPlan {
  readonly service: ConnectService;
  readonly domain: string;
  readonly host: string;
  readonly groups: readonly string[];
  readonly values: Readonly<Record<string, string>>;
  readonly records: readonly ConnectRecord[];
  /** For which the template has no place. */
  readonly left: readonly ConnectRecord[];
}

/** Which template a name in a domain goes by: nothing can lead a zone's own name elsewhere by CNAME. */
export const serviceFor = (name: string, domain: string, wanted: ConnectService): ConnectService =>
  withoutWildcard(name) === domain ? 'certificate' : wanted;

/** Puts records of a name into their places. */
export function planConnect(
  {
    name,
    domain,
    service,
  }: { readonly name: string; readonly domain: string; readonly service: ConnectService },
  wanted: readonly ConnectRecord[],
  { delegationZone }: Pick<ConnectTerms, 'delegationZone'>,
): ConnectPlan {
  const free = SLOTS.filter(({ of }) => of.includes(service));
  const [placed, left]: [(readonly [Slot, ConnectRecord])[], ConnectRecord[]] = [[], []];
  for (const record of wanted) {
    const at = free.findIndex((slot) => slot.type === record.type && nameOf(slot, name) === record.name);
    const [slot] = at < 0 ? [] : free.splice(at, 1);
    if (slot) placed.push([slot, record]);
    else left.push(record);
  }
  return {
    service,
    domain,
    host: name === domain ? '' : name.slice(0, -domain.length - 1),
    groups: placed.map(([{ group }]) => group),
    values: Object.fromEntries(
      placed.map(([{ variable }, { value }]) => [variable, valueOf(variable, value, delegationZone)]),
    ),
    records: placed.map(([, record]) => record),
    left,
  };
}

const nameOf = ({ host }: Slot, name: string): string => (host === '' ? name : `${host}.${name}`);

const valueOf = (variable: string, value: string, delegationZone: string): string =>
  variable === 'delegation' ? value.slice(0, -delegationZone.length - 1) : value;

/** The query of a link, ready to be signed. */
const connectQuery = ({ domain, host, groups, values }: ConnectPlan): string =>
  Object.entries({ domain, ...(host !== '' && { host }), groupId: groups.join(','), ...values })
    .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
    .join('&');

/** Where a template is asked for, and applied, below a provider's URLs. */
export const templatePath = (providerId: string, service: ConnectService): string =>
  `/v2/domainTemplates/providers/${encodeURIComponent(providerId)}/services/${service}`;

/** How links are made. */
export interface DomainConnect {
  readonly terms: ConnectTerms;
  /** Finds who keeps the DNS of a name. Rejects only with the reason of an aborted signal. */
  readonly find: (name: string, signal: AbortSignal) => Promise<ConnectFound>;
  /** Why a provider does not take a template, in words; undefined: it does. */
  readonly refusalOf: (
    provider: ConnectProvider,
    service: ConnectService,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
  /** Base64 of the signature (RSA, SHA-256, PKCS #1 v1.5) of a query. */
  readonly sign: (query: string) => string;
}

/** The link that applies a plan. */
export function connectLink(
  { terms, sign }: Pick<DomainConnect, 'terms' | 'sign'>,
  { urlSync }: Pick<ConnectProvider, 'urlSync'>,
  plan: ConnectPlan,
): string {
  const query = connectQuery(plan);
  const signature = `sig=${encodeURIComponent(sign(query))}&key=${encodeURIComponent(terms.keyName)}`;
  return `${urlSync}${templatePath(terms.providerId, plan.service)}/apply?${query}&${signature}`;
}

/** Characters of the key in one TXT record, which has 255 at most. */
const PART = 200;

/** Values of the TXT records with a public key (SubjectPublicKeyInfo, DER in base64). */
export const publicKeyRecords = (key: string): string[] =>
  (key.match(new RegExp(`.{1,${PART}}`, 'g')) ?? []).map((part, i) => `p=${i + 1},a=RS256,t=x509,d=${part}`);
