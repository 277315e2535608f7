/** What is ordered, what each CA allows, and why not. */
import { CERTIFICATE_AUTHORITIES, type CertificateAuthority, VALIDITY_DAYS } from '../../pack/pack.ts';
import { METHODS, type ValidationMethod } from '../../pack/validation-method.ts';
import { useAnswer } from '../api/answer.ts';
import type { CaOffers, CaState } from '../api/wire-account.ts';
import { accountId, may } from '../session.ts';
import { caName } from '../words.ts';

export const FIELDS = [
  'hosts',
  'certificate_authority',
  'validation_method',
  'validity_days',
  'deploy',
  'backup',
] as const;

export interface Order {
  readonly hosts: string;
  readonly certificate_authority: CertificateAuthority;
  readonly validation_method: ValidationMethod;
  readonly validity_days: number;
  readonly deploy: 'production' | 'staging';
  readonly backup: boolean;
}

export const hostsIn = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** What speaks against an order, by field. */
export type Against = Readonly<Partial<Record<(typeof FIELDS)[number], string | undefined>>>;

export interface Offer {
  /** Every CA, each with why it is not for this order; '': it is. */
  readonly cas: readonly (readonly [CertificateAuthority, string])[];
  readonly days: readonly number[];
  readonly methods: readonly ValidationMethod[];
  readonly against: Against;
}

/** What can be ordered of whom; all that there is to a token that may not see that, and while it is asked. */
export function useOffer(order: Order): Offer {
  const path = `/accounts/${accountId()}/ssl/certificate_authorities`;
  const { reply } = useAnswer<readonly CaState[]>(may('SSL and Certificates Read') ? path : undefined);
  const known = new Map((reply?.result ?? []).map((one) => [one.certificate_authority, one] as const));
  const offers = known.get(order.certificate_authority)?.offers;
  return {
    cas: CERTIFICATE_AUTHORITIES.map((ca) => {
      const state = known.get(ca);
      return [ca, state ? (whyNot(state, order) ?? '') : ''] as const;
    }),
    days: offers?.validity_days ?? VALIDITY_DAYS,
    methods: offers?.validation_methods ?? [],
    against: againstOf(known.get(order.certificate_authority), order),
  };
}

const isWild = (host: string): boolean => host.startsWith('*.');
const isForeign = (host: string): boolean => /[^\0-\x7f]|(^|\.)xn--/i.test(host);

/** Why a CA issues no certificate for some of the hosts; undefined: it does. */
function whyNotHosts(
  { wildcards, internationalized }: CaOffers,
  hosts: readonly string[],
): string | undefined {
  const wild = !wildcards && hosts.find(isWild);
  if (wild) return `no wildcards, as ${wild} is one`;
  const foreign = !internationalized && hosts.find(isForeign);
  return foreign ? `no names in other scripts, as ${foreign} is one` : undefined;
}

/** Why a CA is not for an order, in few words behind its name; undefined: it is. */
function whyNot({ is_configured: isConfigured, offers }: CaState, order: Order): string | undefined {
  if (!isConfigured || !offers) return 'not configured here';
  const hosts = whyNotHosts(offers, hostsIn(order.hosts));
  if (hosts !== undefined) return hosts.replace(/, as .*/, '');
  if (!offers.validation_methods.includes(order.validation_method))
    return `does not validate ${METHODS[order.validation_method].how}`;
  if (!offers.validity_days.includes(order.validity_days)) return `not for ${order.validity_days} days`;
  return undefined;
}

/** The same of the CA that is chosen, beside the fields that it is about. */
function againstOf(state: CaState | undefined, order: Order): Against {
  const hosts = hostsIn(order.hosts);
  const wild = hosts.find(isWild);
  const method = METHODS[order.validation_method];
  const wildcard =
    wild !== undefined && !method.provesWildcards
      ? `${wild} is a wildcard: control of it cannot be shown ${method.how}.`
      : undefined;
  if (!state) return { validation_method: wildcard };
  const name = caName(state.certificate_authority);
  if (!state.offers) return { certificate_authority: `${name} is not configured here.` };
  return { validation_method: wildcard, ...againstOffers(state.offers, { name, order }) };
}

function againstOffers(
  offers: CaOffers,
  { name, order }: { readonly name: string; readonly order: Order },
): Against {
  const why = whyNotHosts(offers, hostsIn(order.hosts));
  const { validity_days: length, validation_method: method } = order;
  const isMethod = offers.validation_methods.includes(method);
  return {
    ...(why !== undefined && { hosts: `${name} issues ${why}.` }),
    ...(!isMethod && { validation_method: `${name} does not validate ${METHODS[method].how}.` }),
    ...(!offers.validity_days.includes(length) && {
      validity_days: `${name} offers ${offers.validity_days.join(', ')} days today, not ${length}.`,
    }),
  };
}

/** What is left of the limits of a CA for new orders, in words; undefined: nothing to say. */
export function useLimit(ca: CertificateAuthority): string | undefined {
  const path = `/accounts/${accountId()}/ssl/certificate_authorities`;
  const { reply } = useAnswer<readonly CaState[]>(may('SSL and Certificates Read') ? path : undefined);
  const state = reply?.result.find((one) => one.certificate_authority === ca);
  const limit = state?.limits.find((one) => !one.is_available);
  if (state?.health.is_up === false) return `${caName(ca)} does not work now: the order waits until it does.`;
  if (!limit) return undefined;
  const until =
    limit.available_on === undefined ? '' : ` until ${limit.available_on.slice(0, 16).replace('T', ' ')} UTC`;
  return `${caName(ca)} takes no more ${limit.limit}${until}: the order waits.`;
}
