/**
 * Situations that names are stuck in on their way here: what is seen, whose move it is, and what to do. Pure: each is told from
 * what was seen of a name, in the same words to whoever asks where it leads and in `validation_errors`.
 */
import type { Situation } from './found.ts';
import type { Words } from './standing.ts';

/** What is told of a name in a situation; what is not known of it is left out of the words. */
export interface Circumstances {
  readonly host: string;
  /** Addresses of the name that are not those of our edges; for a flattened CNAME, those that are. */
  readonly addresses?: readonly string[];
  /** Where it is to lead: names and addresses. */
  readonly wanted?: readonly string[];
  readonly cdn?: string | undefined;
  /** What shows the situation, as the rest of a sentence. */
  readonly seen?: string | undefined;
}

/** A situation in words. */
export const situationWords = (situation: Situation, of: Circumstances): Words => WORDS[situation](of);

const listed = (all: readonly string[] = []): string =>
  all.length > 4 ? `${all.slice(0, 4).join(', ')} and ${all.length - 4} more` : all.join(', ');

const target = ({ wanted = [] }: Circumstances): string =>
  wanted.length === 0 ? 'the addresses of the edges' : listed(wanted);

const shown = (seen: string | undefined): string => (seen === undefined ? '' : `: ${seen}`);

/** What works while somebody else stays in front. */
const byTxt = ({ host }: Circumstances): string =>
  `or leave it so and show control by a CNAME at _acme-challenge.${host} (validation method txt), which works behind it too`;

const WORDS: Readonly<Record<Situation, (of: Circumstances) => Words>> = {
  lame_server: ({ host, seen }) => ({
    what: `not every name server of ${host} answers for its zone${shown(seen)}`,
    next: 'have these servers serve the zone, or take them out of its NS records, in the zone and at the registrar',
  }),
  bogus_dnssec: ({ host, seen }) => ({
    what: `DNSSEC of ${host} is bogus${shown(seen)}, so that resolvers that validate, such as those of CAs, get no answer (SERVFAIL)`,
    next: 'have the DS records at the registrar name the keys that the zone is signed with, or remove these DS records',
  }),
  split_horizon: ({ host, seen }) => ({
    what: `${host} is answered in different ways, by whom and where it is asked${shown(seen)}`,
    next: 'publish the same in the DNS that the whole Internet asks: CAs and visitors come from there',
  }),
  caa_at_parent: ({ host, seen }) => ({
    what: `CAA records above ${host} keep the CA from issuing for it${shown(seen)}`,
    next: 'add the CA to these records, or create CAA records for the name itself, which count before those above it',
  }),
  wildcard_cname: (of) => ({
    what: `${of.host} has no record of its own${shown(of.seen)}`,
    next: `create a record for ${of.host} itself that leads to ${target(of)}: it counts before the wildcard`,
  }),
  stray_aaaa: (of) => ({
    what: `${of.host} leads to the edges by IPv4, and by IPv6 (AAAA) to ${listed(of.addresses)}, where CAs and browsers go first`,
    next: `delete the AAAA record of ${of.host}, or have it be that of the edges`,
  }),
  cloudflare_over_cloudflare: (of) => ({
    what: `${of.host} is proxied by Cloudflare, and so is what it leads to${shown(of.seen)}: Cloudflare does not go on from one account to another (error 1014)`,
    next: `set the record of ${of.host} to "DNS only" at Cloudflare`,
  }),
  orange_cloud: (of) => ({
    what: `${of.host} is proxied by Cloudflare (${listed(of.addresses)}), which shows its own certificate${shown(of.seen)}`,
    next: `set the record of ${of.host} to "DNS only" at Cloudflare and have it lead to ${target(of)}, ${byTxt(of)}`,
  }),
  foreign_cdn: (of) => ({
    what: `${of.host} leads to ${of.cdn ?? 'a CDN'} (${listed(of.addresses)}), which is in front of the edges${shown(of.seen)}`,
    next: `have ${of.host} lead to ${target(of)}, ${byTxt(of)}`,
  }),
  redirects: (of) => ({
    what: `${of.host} sends whoever asks it elsewhere${shown(of.seen)}`,
    next: `have ${of.host} answer below /.well-known/acme-challenge/ itself, or have it lead to ${target(of)}`,
  }),
  apex_address: (of) => ({
    what: `${of.host} is an apex, where no CNAME can be, and has addresses that are not those of the edges (${listed(of.addresses)})${shown(of.seen)}`,
    next: `give ${of.host} the addresses of ${target(of)}, by A and AAAA records or by what its DNS provider calls ALIAS, ANAME or CNAME flattening`,
  }),
  flattened_cname: (of) => ({
    what: `${of.host} leads to the edges by their addresses (${listed(of.addresses)}) and by no CNAME, as where a DNS provider flattens it: that is as good`,
    next: 'there is nothing to do',
  }),
};
