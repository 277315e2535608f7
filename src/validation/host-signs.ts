/** Signs of the situations that a name may be in (`pack/situation.ts`): each server's answer, wildcards, DNSSEC, redirects. */
import { isAllowed } from '../dns/address.ts';
import { type Addresses, addressesOf } from '../dns/resolver/addresses.ts';
import { findBogus, type Suspect } from '../dns/resolver/dnssec.ts';
import type { IterativeResolver, ServerHeard } from '../dns/resolver/iterative-resolver.ts';
import { locate } from '../dns/resolver/locate.ts';
import { type Said, saidOf, unasked } from '../dns/resolver/query-all.ts';
import { findWildcard } from '../dns/resolver/wildcard.ts';
import { addressesIn } from '../dns/resolver/zone.ts';
import type { Clock } from '../kit/clock.ts';
import type { HostAsked, ServerSight, Signs } from '../pack/host-look.ts';
import { cdnOf } from './cdn.ts';
import { exchange } from './http-exchange.ts';

/** Where names are to lead: addresses of our edges, and names whose addresses are as good. */
export interface Goal {
  readonly ours: readonly string[];
  readonly publicNames: readonly string[];
}

/** Asks a recursive resolver of this machine; undefined: it gave no answer. */
export type AskInside = (
  name: string,
  type: 'A' | 'TXT',
  signal: AbortSignal,
) => Promise<readonly string[] | undefined>;

/** What the signs are looked for with. */
export interface SignOptions extends Goal {
  readonly clock: Clock;
  readonly allow: readonly string[];
  readonly httpPort: number;
  readonly inside?: AskInside | undefined;
}

/** Looks for all signs of a name, of which the addresses are known already. */
export async function signsOf(
  walk: IterativeResolver,
  options: SignOptions,
  { name, isInsideAsked, found }: HostAsked & { readonly found: Addresses },
  signal: AbortSignal,
): Promise<Signs> {
  const [answers, bogus, wanted, web] = await Promise.all([
    askEach(walk, name),
    bogusWords(walk, { name, type: 'A' }, options.clock.now()),
    goalOf(walk, options),
    found.kind === 'found' ? askWeb(name, found.addresses, options, signal) : {},
  ]);
  const wildcard = await findWildcard(walk, name, answers.said);
  const inside = isInsideAsked ? await insideWords(options, { name, found }, signal) : undefined;
  // What was not asked any more says nothing of who was not.
  const servers = walk.isSpent
    ? answers.servers.filter(({ failure }) => failure === undefined)
    : answers.servers;
  return { servers, wildcard: wildcard?.owner, bogus, wanted, inside, ...web };
}

/** What each authoritative server of a name's zone answers. */
export async function askEach(
  walk: IterativeResolver,
  name: string,
): Promise<{ readonly servers: readonly ServerSight[]; readonly said: readonly Said[] }> {
  const located = await locate(walk, name);
  if (located.kind === 'unregistered') return { servers: [], said: [] };
  const heard = located.kind === 'stuck' ? located.heard : await askAll(walk, located.zone, name);
  const told = heard.map((one) => ({ ...one, said: saidOf(name, one) }));
  const failed = (await unasked(walk, located.zone, name)).map(({ server, why }) => ({
    server,
    answers: [],
    failure: why ?? 'has an address that is not public',
  }));
  const servers = [...told.map(({ heard: one, said }) => sightOf(name, said, one)), ...failed];
  return {
    servers: servers.toSorted((a, b) => (a.server < b.server ? -1 : 1)),
    said: told.map(({ said }) => said),
  };
}

async function askAll(
  walk: IterativeResolver,
  zone: Parameters<IterativeResolver['serversOf']>[0],
  name: string,
): Promise<ServerHeard[]> {
  const { open } = await walk.serversOf(zone);
  return Promise.all(
    open.map(async (server) => ({ server, heard: await walk.ask(server, { name, type: 'A' }, 2) })),
  );
}

function sightOf(name: string, { server, target, why }: Said, heard: ServerHeard['heard']): ServerSight {
  if (why !== undefined) return { server, answers: [], failure: why };
  if (target !== undefined) return { server, answers: [target] };
  return { server, answers: heard.kind === 'reply' ? addressesIn(heard.reply.answers, name) : [] };
}

/** Why DNSSEC of a name is bogus, in words; undefined: it is not, or nobody can tell. */
export async function bogusWords(
  walk: IterativeResolver,
  asked: Suspect,
  now: Date,
): Promise<string | undefined> {
  const bogus = await findBogus(walk, asked, now);
  return bogus && `${bogus.why} (zone ${bogus.zone}, seen at ${bogus.server})`;
}

/** Most names of ours that are looked up. */
const MOST_NAMES = 4;

/** Where names are to lead, with what that is now. */
export async function goalOf(walk: IterativeResolver, { ours, publicNames }: Goal): Promise<Signs['wanted']> {
  const found = await Promise.all(publicNames.slice(0, MOST_NAMES).map((name) => addressesOf(walk, name)));
  const known = found.filter((one) => one.kind === 'found');
  const addresses = [...new Set(known.flatMap((one) => one.addresses))];
  const names = [...publicNames, ...known.flatMap((one) => one.names)];
  return { names: publicNames, addresses, cdn: cdnOf(names, [...ours, ...addresses]) };
}

/** A path at which a CA would look; nobody has a file there. */
const PATH = '/.well-known/acme-challenge/certpacks-look';

/** What a host's web server does with who asks for a validation file. */
async function askWeb(
  name: string,
  addresses: readonly string[],
  { allow, httpPort: port }: SignOptions,
  signal: AbortSignal,
): Promise<Pick<Signs, 'redirect' | 'refusal'>> {
  const address = addresses.find((one) => !one.includes(':') && isAllowed(one, allow));
  if (address === undefined || name.startsWith('*')) return {};
  const url = new URL(`http://${name}${PATH}`);
  const seen = await exchange({ url, address, port }, signal);
  if ('failure' in seen) return {};
  return { redirect: redirectWords(url, seen), refusal: refusalIn(seen.body) };
}

/** Where a host sends who asks it, in words; undefined: to itself, or nowhere. */
export function redirectWords(
  url: URL,
  { status, location }: { readonly status: number; readonly location: string | undefined },
): string | undefined {
  const next = location === undefined || status < 300 || status > 399 ? null : URL.parse(location, url.href);
  if (next === null || next.hostname === url.hostname) return undefined;
  return `${url.origin} answers HTTP ${status} with a redirect to ${next.origin}`;
}

/** How Cloudflare says that it does not go on to where a name leads: a prohibited address, or another account's proxy. */
export const refusalIn = (body: string): string | undefined => /error code: 10(?:00|14)/i.exec(body)?.[0];

/** What differs where this machine's own resolver is asked. Addresses that are not public are not told. */
async function insideWords(
  { inside }: SignOptions,
  { name, found }: { readonly name: string; readonly found: Addresses },
  signal: AbortSignal,
): Promise<string | undefined> {
  const answers = await inside?.(name, 'A', signal);
  if (!answers || answers.length === 0 || found.kind === 'lost') return undefined;
  const outside = found.kind === 'found' ? found.addresses : [];
  const isPublic = answers.every((address) => isAllowed(address, []));
  const isOutsidePublic = outside.every((address) => isAllowed(address, []));
  if (outside.length === 0) return `${OWN} has addresses for it, and its name servers tell the world of none`;
  return isPublic || !isOutsidePublic ? undefined : `${OWN} has addresses for it that are not public`;
}

const OWN = "the resolver of the service's own network";
