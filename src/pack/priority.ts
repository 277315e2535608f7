/**
 * Which pack serves a name, as Cloudflare documents it (certificate and hostname priority): `ORDERS` is the rule, one row each.
 */
import { isWildcard } from './hosts.ts';
import type { PackType } from './pack.ts';
import { allows, type Location, type Restriction } from './region.ts';
import { TYPES } from './type.ts';

/** A pack that could serve a name, and the host of it that covers the name. */
export interface Candidate {
  readonly packId: string;
  readonly host: string;
  readonly type: PackType;
  /** When it was ordered; of a backup, when the pack was for which it is kept. */
  readonly createdOn: Date;
  /** Whether its zone has its name; else that went to another account, the zone is going, or it is a custom hostname. */
  readonly hasName: boolean;
  /** Whether control was shown of the custom hostname that it is for. */
  readonly isShown?: boolean;
  /** Whether it is on its way off the edges, because the other of a pack and its backup is there. */
  readonly isStandby?: boolean;
  /** Whether it is there only until edges have shown what takes its place. */
  readonly isYielding?: boolean;
  /** Whether it is on its way off the edges for good: it is being deleted, or another took its place. */
  readonly isGoing?: boolean;
  /** Of an upload: that with the higher number goes first. */
  readonly priority?: number;
  /** When its certificate ends, where that is not renewed: an upload's. */
  readonly notAfter?: Date | undefined;
  /** Of an upload: when one went that served this host, and left it to this one. */
  readonly chosenOn?: Date | undefined;
  /** Where its key may be; undefined: anywhere. */
  readonly restriction?: Restriction | undefined;
}

/**
 * The candidate that serves: of who has the name, then of the custom hostname that was shown, then exact name before wildcard, then what does not give way, then by type, then
 * by the priority that its owner set, then the one ordered last, or left with the host last; of a pack and its backup the one that does not stand by.
 */
export function serving<T extends Candidate>(candidates: readonly T[]): T | undefined {
  return candidates.toSorted(precedence)[0];
}

/** The candidates that may serve on an edge at a place, the one that does first. */
export const servingAt = <T extends Candidate>(
  candidates: readonly T[],
  location: Location | undefined,
): T[] => candidates.filter(({ restriction }) => allows(restriction, location)).toSorted(precedence);

/** The candidates that serve clients without SNI at an address that stands for the name. */
export const byAddress = <T extends Candidate>(candidates: readonly T[]): T[] =>
  candidates.filter(({ type }) => TYPES[type].isByAddress);

/**
 * The candidate that serves when one that serves goes off the edges: as always, but of uploads of its type and priority the one
 * that ends last. One that goes too is none.
 */
export function successor<T extends Candidate>(gone: T, candidates: readonly T[]): T | undefined {
  const others = candidates.filter(({ packId, isGoing }) => packId !== gone.packId && !isGoing);
  const next = serving(others);
  if (!next || next.type !== gone.type || next.host !== gone.host) return next;
  if (TYPES[next.type].renewedBy !== 'owner') return next;
  const alike = others.filter((one) => RANKS.every(({ order }) => order(next, one) === 0));
  return alike.toSorted((a, b) => endOf(b) - endOf(a) || precedence(a, b))[0];
}

const endOf = ({ notAfter }: Candidate): number => notAfter?.getTime() ?? 0;

/** Why one candidate goes before another, in words that go on after its name; undefined: by chance alone. */
export const whyBefore = (first: Candidate, second: Candidate): string | undefined =>
  ORDERS.find(({ order }) => order(first, second) !== 0)?.why(first);

/** One rule: below 0 where the first goes before the second. */
interface Order {
  readonly order: (a: Candidate, b: Candidate) => number;
  readonly why: (first: Candidate) => string;
}

const by =
  (rank: (one: Candidate) => number | boolean): Order['order'] =>
  (a, b) =>
    Number(rank(a)) - Number(rank(b));

const sinceOf = ({ createdOn, chosenOn = createdOn }: Candidate): number =>
  Math.max(createdOn.getTime(), chosenOn.getTime());

/** What is so for as long as nobody changes it. */
const RANKS: readonly Order[] = [
  { order: by(({ hasName }) => !hasName), why: () => 'the name lies in its zone' },
  {
    // Where a zone has the name, and none of its packs covers it: else whoever makes a custom hostname last would serve there.
    order: by(({ hasName, isShown = false }) => !hasName && !isShown),
    why: () => 'control of its custom hostname was shown',
  },
  { order: by(({ host }) => isWildcard(host)), why: ({ host }) => `it is for ${host} itself` },
  { order: by(({ isYielding = false }) => isYielding), why: () => 'the other one gives way to it' },
  { order: by(({ type }) => TYPES[type].rank), why: ({ type }) => `${type} goes before it by type` },
  { order: by(({ priority = 0 }) => -priority), why: ({ priority = 0 }) => `its priority is ${priority}` },
];

/** What decides, the first that tells two apart. */
const ORDERS: readonly Order[] = [
  ...RANKS,
  {
    order: by((one) => -sinceOf(one)),
    why: ({ chosenOn }) => (chosenOn ? 'it ended last when another one went' : 'it came later'),
  },
  {
    order: by(({ chosenOn }) => chosenOn === undefined),
    why: () => 'it ended last when another one went',
  },
  { order: by(({ isStandby = false }) => isStandby), why: () => 'the other one stands by' },
];

function precedence(a: Candidate, b: Candidate): number {
  for (const { order } of ORDERS) {
    const told = order(a, b);
    if (told !== 0) return told;
  }
  return a.packId < b.packId ? -1 : 1;
}
