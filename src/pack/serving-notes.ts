/** Which packs serve the hosts of one: told by `explain`. */
import type { Pack } from './pack.ts';
import { type Candidate, serving, successor, whyBefore } from './priority.ts';
import { hostsIn } from './standing.ts';
import { TYPES } from './type.ts';

/** A name of a pack, with all that could serve it. */
export interface CoveredName {
  readonly name: string;
  readonly candidates: readonly (Candidate & { readonly zone: { readonly id: string } })[];
}

type Who = CoveredName['candidates'][number] | undefined;

/** What serves hosts of a pack in its place now and why, and what will serve those of an upload that it serves, when it is over. */
export function servingNotes(pack: Pack, covered: readonly CoveredName[]): string[] {
  const now = covered.map(({ name, candidates }) => {
    const who = serving(candidates);
    const own = candidates.find(({ packId }) => packId === pack.id);
    return { name, candidates, who, own, why: who && own && whyBefore(who, own) };
  });
  const others = now.filter(({ who }) => who && who.packId !== pack.id);
  const heirs = now.flatMap(({ name, candidates, who, own }) =>
    own && who === own ? [{ name, ...heirOf(own, candidates) }] : [],
  );
  const isTold = TYPES[pack.type].renewedBy === 'owner';
  return [
    ...grouped(others).map(
      ({ names, who, why }) =>
        `${nameOf(pack, who)} serves ${names}, and goes before this one${why === undefined ? '' : `: ${why}`}`,
    ),
    ...(isTold ? grouped(heirs) : []).map(({ names, who, why }) => {
      if (!who) return `when it is over, nothing else serves ${names}`;
      return why === undefined
        ? `when it is over, ${nameOf(pack, who)} serves ${names}`
        : `when it is over, nothing else serves ${names}: ${nameOf(pack, who)} ${why}`;
    }),
  ];
}

/** Which serves when one that does is over; where all others will be over too, the one that would until then. */
function heirOf(own: CoveredName['candidates'][number], candidates: CoveredName['candidates']) {
  const outlives = ({ notAfter }: Candidate) => !own.notAfter || !notAfter || notAfter > own.notAfter;
  const heir = successor(own, candidates.filter(outlives));
  if (heir) return { who: heir, why: undefined };
  const who = successor(own, candidates);
  return { who, why: who && 'ends no later' };
}

/** A name, who serves it, and why. */
interface Served {
  readonly name: string;
  readonly who: Who;
  readonly why: string | undefined;
}

/** Names by who serves them, and why. */
const grouped = (all: readonly Served[]) =>
  [...Map.groupBy(all, ({ who, why }) => `${who?.packId} ${why}`).values()].map((some) => ({
    names: hostsIn(some.map(({ name }) => name)),
    who: some[0]?.who,
    why: some[0]?.why,
  }));

/** Nothing is told of packs of other zones: these may be another account's. */
const nameOf = ({ zone }: Pack, who: Who): string =>
  who?.zone.id === zone.id
    ? `certificate pack ${who.packId} (${who.type})`
    : 'a certificate pack of another zone';
