import { getDomain } from 'tldts';
import { isAllowed } from '../dns/address.ts';
import type { Addresses } from '../dns/resolver/addresses.ts';
import type { IterativeResolver } from '../dns/resolver/iterative-resolver.ts';
import { findWildcard } from '../dns/resolver/wildcard.ts';
import type { Clock } from '../kit/clock.ts';
import type { Situation } from '../pack/found.ts';
import type { HostLook, Signs } from '../pack/host-look.ts';
import { type InSituation, situationsOf } from '../pack/public-view.ts';
import { halvesOf } from '../pack/subscriber-message.ts';
import { cdnOf } from './cdn.ts';
import { askEach, bogusWords, type Goal, goalOf } from './host-signs.ts';
import type { HttpCheck } from './validation.ts';

/** What is judged with. */
export interface HttpJudge {
  readonly walk: IterativeResolver;
  readonly clock: Clock;
  readonly allow: readonly string[];
  readonly ipv6: boolean;
  readonly goal: Goal;
}

/** What a look at a file met. */
export interface Met extends Pick<Signs, 'redirect' | 'refusal'> {
  readonly host: string;
  /** Addresses of the host; undefined: they were not looked up. */
  readonly found: Addresses | undefined;
  /** Why the file cannot be seen; undefined: it can. */
  readonly problem: string | undefined;
}

/** Situations in which a CA does not get what we get. */
const HIDDEN: ReadonlySet<Situation> = new Set(['bogus_dnssec', 'stray_aaaa']);
/** Situations of a host that may well show the file itself, or has whoever is in front do so. */
const MAY_SHOW: ReadonlySet<Situation> = new Set([
  'orange_cloud',
  'foreign_cdn',
  'redirects',
  'apex_address',
]);

/** The situation that keeps a CA from a file, and the sentence for the subscriber with both. */
export async function judgeHttp(
  judge: HttpJudge,
  met: Met,
): Promise<Pick<HttpCheck, 'situation' | 'problem'>> {
  const { host, found, problem } = met;
  const { ours } = judge.goal;
  if (!found) return problem === undefined ? {} : { problem };
  const look = await lookOf(judge, met, found);
  const isApex = getDomain(host) === host;
  const all = situationsOf(look, { host, ours, isApex, zone: undefined, pack: undefined });
  const first = all.find(({ situation, whose }) => isCause(judge, met, situation) && whose !== undefined);
  if (!first) return problem === undefined ? {} : { problem };
  return { situation: first.situation, problem: sentence(first, problem) };
}

/** What can be seen is hidden from a CA by DNSSEC, and by an address that this machine does not speak to. */
const isCause = ({ ipv6 }: HttpJudge, { problem }: Met, situation: Situation): boolean =>
  problem !== undefined || (HIDDEN.has(situation) && !(ipv6 && situation === 'stray_aaaa'));

function sentence({ situation, what, next }: InSituation, problem: string | undefined): string {
  if (problem === undefined) return `${what}; ${next}`;
  // What was said of the address says it all.
  if (situation === 'split_horizon') return problem;
  const seen = halvesOf(problem);
  return `${seen.what}: ${what}; ${next}${MAY_SHOW.has(situation) ? `, or ${seen.next}` : ''}`;
}

async function lookOf(judge: HttpJudge, met: Met, found: Addresses): Promise<HostLook> {
  const { host, problem, redirect, refusal } = met;
  const { walk, allow, clock, goal } = judge;
  const bogus = await bogusWords(walk, { name: host, type: 'A' }, clock.now());
  const isKnown = found.kind === 'found';
  const addresses = isKnown ? found.addresses : [];
  const names = isKnown ? found.names : [host];
  // What only explains a failure is asked only then.
  const more = problem === undefined ? { servers: [], wanted: NOTHING } : await explaining(walk, met, goal);
  return {
    names,
    addresses: addresses.map((address) =>
      isAllowed(address, allow) ? { address } : { address, isBarred: true },
    ),
    cdn: cdnOf(names, addresses),
    problem: found.kind === 'lost' ? found.why : undefined,
    signs: { bogus, redirect, refusal, ...more },
  };
}

const NOTHING: Signs['wanted'] = { names: [], addresses: [] };

async function explaining(
  walk: IterativeResolver,
  { host, found }: Met,
  goal: Goal,
): Promise<Pick<Signs, 'servers' | 'wanted' | 'wildcard'>> {
  const { servers, said } = await askEach(walk, host);
  // A server that does not answer matters where none of the others does.
  const isLost = found?.kind === 'lost' && !walk.isSpent;
  const wildcard = await findWildcard(walk, host, said);
  return {
    servers: isLost ? servers : servers.filter(({ failure }) => failure === undefined),
    wildcard: wildcard?.owner,
    wanted: await goalOf(walk, goal),
  };
}
