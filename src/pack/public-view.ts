/**
 * Where a host's public name leads, told apart from whether the edges here serve it. Pure: of what a look saw, and of how the
 * name stands here. A name behind a CDN is served here and leads elsewhere: both are true, and neither is a fault of the other.
 */
import { type Mover, SITUATION_NAMES, SITUATIONS, type Situation } from './found.ts';
import { type HostHere, type HostLook, type LeadsTo, leadsTo, type ServerSight } from './host-look.ts';
import { type Circumstances, situationWords } from './situation.ts';

/** A situation that a name is in. */
export interface InSituation {
  readonly situation: Situation;
  /** Undefined: nobody's. */
  readonly whose: Mover | undefined;
  readonly what: string;
  readonly next: string;
}

export interface PublicView {
  readonly isServed: boolean;
  readonly leadsTo: LeadsTo;
  /** What it is in, what is to be mended first first. */
  readonly situations: readonly InSituation[];
  /** Whose move it is before visitors meet what is served here; undefined: nobody's. */
  readonly whose: Mover | undefined;
  /** One sentence: both halves of it, one beside the other. */
  readonly says: string;
}

/** Views a host. */
export function viewOf(look: HostLook, here: HostHere): PublicView {
  const ours = oursOf(look, here);
  const to = leadsTo(look, ours);
  const situations = situationsOf(look, here);
  const isServed = here.pack?.isProven ?? false;
  return {
    isServed,
    leadsTo: to,
    situations,
    whose: ours.length === 0 ? 'operator' : (situations[0]?.whose ?? WHOSE[to]),
    says: `${servedWords(here)}; its public name leads to ${leadsWords(look, to)}`,
  };
}

const WHOSE: Readonly<Record<LeadsTo, Mover | undefined>> = {
  us: undefined,
  partly_us: 'customer',
  cdn: 'customer',
  elsewhere: 'customer',
  nowhere: 'customer',
  unknown: 'customer',
};

/** All addresses that are as good as ours: those that the operator told, and those of the names that customers are to lead to. */
export const oursOf = ({ signs }: HostLook, { ours }: Pick<HostHere, 'ours'>): readonly string[] => [
  ...new Set([...ours, ...(signs?.wanted.addresses ?? [])]),
];

function servedWords({ pack }: HostHere): string {
  if (!pack) return 'served at your edges: no, no certificate pack here is for it';
  const how = `certificate pack ${pack.id} is ${pack.status}`;
  return pack.isProven ? `served at your edges: yes (${how})` : `served at your edges: not yet (${how})`;
}

function leadsWords({ addresses, cdn, problem }: HostLook, to: LeadsTo): string {
  const all = addresses.map(({ address }) => address).join(', ');
  const WORDS: Readonly<Record<LeadsTo, string>> = {
    us: 'your edges',
    partly_us: `your edges and to others (${all})`,
    cdn: cdn ?? 'a CDN',
    elsewhere: all,
    nowhere: 'nowhere: it has no address',
    unknown: `where nobody can tell: ${problem ?? 'no answer'}`,
  };
  return WORDS[to];
}

/** The situations that a name is in, as `SITUATIONS` has them in a row. */
export function situationsOf(look: HostLook, here: HostHere): InSituation[] {
  return SITUATION_NAMES.flatMap((situation) => {
    const of = CIRCUMSTANCES[situation](look, here);
    return of ? [inSituation(situation, { ...wantedOf(look, here), ...of, host: here.host })] : [];
  });
}

/** A situation with its words. */
const inSituation = (situation: Situation, of: Circumstances): InSituation => ({
  situation,
  whose: SITUATIONS[situation],
  ...situationWords(situation, of),
});

function wantedOf(look: HostLook, here: HostHere): Pick<Circumstances, 'wanted'> {
  const names = look.signs?.wanted.names ?? [];
  return { wanted: names.length > 0 ? names : here.ours };
}

/** Tells from what was seen whether a name is in a situation; undefined: it is not, or nobody can tell. */
type Tell = (look: HostLook, here: HostHere) => Omit<Circumstances, 'host'> | undefined;

const addressesOf = ({ addresses }: HostLook): string[] => addresses.map(({ address }) => address);
const isV6 = (address: string): boolean => address.includes(':');

const othersOf = (look: HostLook, here: HostHere): string[] => {
  const ours = oursOf(look, here);
  return addressesOf(look).filter((address) => !ours.includes(address));
};

const leadsElsewhere = (look: HostLook, here: HostHere): boolean =>
  ['cdn', 'elsewhere'].includes(leadsTo(look, oursOf(look, here)));

const MOST_SERVERS = 4;

const CIRCUMSTANCES: Readonly<Record<Situation, Tell>> = {
  lame_server: ({ signs }) => {
    const lame = signs?.servers.filter(({ failure }) => failure !== undefined) ?? [];
    const told = lame.slice(0, MOST_SERVERS).map(({ server, failure }) => `${server} ${failure}`);
    return lame.length > 0 ? { seen: told.join(', ') } : undefined;
  },
  bogus_dnssec: ({ signs }) => (signs?.bogus === undefined ? undefined : { seen: signs.bogus }),
  split_horizon: (look) => {
    const seen = insideWords(look) ?? apartWords(look.signs?.servers ?? []);
    return seen === undefined ? undefined : { seen };
  },
  // What keeps a CA from issuing is told of the pack that wants it to.
  caa_at_parent: (_, { caa }) => (caa === undefined ? undefined : { seen: caa }),
  wildcard_cname: (look, here) => {
    const { wildcard } = look.signs ?? {};
    if (wildcard === undefined || !leadsElsewhere(look, here)) return undefined;
    return { seen: `the wildcard ${wildcard} answers for it and leads it to ${look.names.at(-1) ?? ''}` };
  },
  stray_aaaa: (look, here) => {
    const others = othersOf(look, here);
    const isByV4 = addressesOf(look).some((address) => !isV6(address) && !others.includes(address));
    const stray = others.filter(isV6);
    return isByV4 && stray.length > 0 ? { addresses: stray } : undefined;
  },
  cloudflare_over_cloudflare: (look, here) => {
    const { refusal, wanted } = look.signs ?? {};
    if (look.cdn !== 'Cloudflare' || !leadsElsewhere(look, here)) return undefined;
    if (refusal !== undefined) return { seen: `it answers "${refusal}"` };
    return wanted?.cdn === 'Cloudflare'
      ? { seen: `${wanted.names.join(', ') || 'the edges'} too` }
      : undefined;
  },
  orange_cloud: (look, here) => inFront(look, here, (cdn) => cdn === 'Cloudflare'),
  foreign_cdn: (look, here) => inFront(look, here, (cdn) => cdn !== 'Cloudflare'),
  redirects: (look, here) => {
    const { redirect } = look.signs ?? {};
    return redirect !== undefined && leadsElsewhere(look, here) ? { seen: redirect } : undefined;
  },
  apex_address: (look, here) => {
    const isOther = leadsTo(look, oursOf(look, here)) === 'elsewhere' && look.names.length <= 1;
    return here.isApex && isOther ? { addresses: addressesOf(look) } : undefined;
  },
  flattened_cname: (look, here) => {
    const isOurs = leadsTo(look, oursOf(look, here)) === 'us';
    const isByName = look.names.length > 1;
    return isOurs && !isByName && (look.signs?.wanted.names.length ?? 0) > 0
      ? { addresses: addressesOf(look) }
      : undefined;
  },
};

function inFront(
  look: HostLook,
  here: HostHere,
  isIt: (cdn: string) => boolean,
): Omit<Circumstances, 'host'> | undefined {
  const { cdn } = look;
  const isTold = CIRCUMSTANCES.cloudflare_over_cloudflare(look, here) !== undefined;
  if (cdn === undefined || !isIt(cdn) || isTold || leadsTo(look, oursOf(look, here)) !== 'cdn')
    return undefined;
  return { cdn, addresses: addressesOf(look) };
}

/** What is not public is told of where the whole world is answered with it, and as such where this machine alone is. */
function insideWords({ addresses, signs }: HostLook): string | undefined {
  const barred = addresses.filter(({ isBarred }) => isBarred).map(({ address }) => address);
  if (barred.length > 0)
    return `its name servers answer the world with ${listed(barred)}, which is not public`;
  return signs?.inside;
}

const listed = (all: readonly string[]): string => all.slice(0, MOST_SERVERS).join(', ');

/** Servers of one zone that do not agree whether there is such a name, or of which some answer with what is not public. */
function apartWords(servers: readonly ServerSight[]): string | undefined {
  const told = servers.filter(({ failure }) => failure === undefined);
  const [has] = told.filter(({ answers }) => answers.length > 0);
  const [lacks] = told.filter(({ answers }) => answers.length === 0);
  if (!has || !lacks) return undefined;
  return `${has.server} answers ${listed(has.answers)}, and ${lacks.server} has nothing for it`;
}
