/**
 * How packs are counted and sorted into kinds, so that any page of any list is found without walking there.
 * - class: status and environment of a pack in one number, 0 to 41.
 * - facet: class, type and CA in one number, below 5376: there is room for 16 types, and for 7 CAs beside "none".
 * - slot: a place in an array of counts, from 1 as PostgreSQL counts: one for each class, then sums.
 * The numbers are stored: the values of a status, type, CA or environment keep their places.
 */
import { isServed } from './lifecycle.ts';
import {
  CERTIFICATE_AUTHORITIES,
  ENVIRONMENTS,
  type Environment,
  PACK_STATUSES,
  PACK_TYPES,
  type Pack,
  type PackStatus,
} from './pack.ts';
import { type PackGroup, statusesOfGroup } from './pack-group.ts';

/** What a pack is counted by. */
export type Counted = Pick<Pack, 'status' | 'environment'>;
/** What a pack is sorted by in the list of an account. */
export type Faceted = Counted & Pick<Pack, 'type' | 'certificateAuthority'>;

const CLASSES = PACK_STATUSES.length * ENVIRONMENTS.length;
const ALL = CLASSES + 1;
const SERVED = ALL + ENVIRONMENTS.length;
/** Slot that nothing is counted in. */
const NONE = SERVED + ENVIRONMENTS.length;
/** Length of an array of counts. */
export const SLOTS = NONE;

const environmentIndex = (environment: Environment): number => ENVIRONMENTS.indexOf(environment);

/** Class of a pack. */
export const classOf = ({ status, environment }: Counted): number =>
  PACK_STATUSES.indexOf(status) * ENVIRONMENTS.length + environmentIndex(environment);

/** Places of a facet for types. */
const TYPE_PLACES = 16;
/** Places of a facet for CAs; the first of these is that of packs without a CA. */
export const CA_PLACES = 8;
const KINDS = TYPE_PLACES * CA_PLACES;

/** Place of a CA in a facet, which is the rest of that by `CA_PLACES`. */
export const placeOfCa = (ca: Pack['certificateAuthority']): number =>
  ca === undefined ? 0 : CERTIFICATE_AUTHORITIES.indexOf(ca) + 1;

/** The CA at a place; undefined for that of packs without one. */
export const caAt = (place: number): Pack['certificateAuthority'] => CERTIFICATE_AUTHORITIES[place - 1];

/** Facet of a pack. */
export const facetOf = (pack: Faceted): number =>
  classOf(pack) * KINDS + PACK_TYPES.indexOf(pack.type) * CA_PLACES + placeOfCa(pack.certificateAuthority);

/** What the packs of a facet are. */
export function kindOf(facet: number): Faceted {
  const of = Math.floor(facet / KINDS);
  const [status, environment] = [
    PACK_STATUSES[Math.floor(of / ENVIRONMENTS.length)],
    ENVIRONMENTS[of % ENVIRONMENTS.length],
  ];
  const type = PACK_TYPES[Math.floor((facet % KINDS) / CA_PLACES)];
  if (!status || !environment || !type) throw new Error(`${facet} is no facet`);
  return {
    status,
    environment,
    type,
    certificateAuthority: caAt(facet % CA_PLACES),
  };
}

/** Slots that a pack is counted in. */
const slotsOf = (pack: Counted): number[] => {
  const e = environmentIndex(pack.environment);
  return [classOf(pack) + 1, ALL + e, ...(isServed(pack.status) ? [SERVED + e] : [])];
};

/** By how much each slot changes, in their order, when a pack becomes another; undefined: it was not, or is no more. */
export function countChange(from: Counted | undefined, to: Counted | undefined): number[] {
  const change = Array.from({ length: SLOTS }, () => 0);
  const add = (pack: Counted | undefined, n: number) => {
    for (const slot of pack ? slotsOf(pack) : []) change[slot - 1] = (change[slot - 1] ?? 0) + n;
  };
  add(from, -1);
  add(to, 1);
  return change;
}

/** Which packs of a zone a list shows. */
export interface ListFilter {
  /** `served` is the default of Cloudflare's list: what is on the edges. */
  readonly status: PackStatus | 'all' | 'served';
  /** Undefined: both. */
  readonly environment: Environment | undefined;
  /** Those of its statuses are meant; which of them are in it the pack has to tell. Undefined: all. */
  readonly group?: PackGroup | undefined;
}

/** How a filter's packs are counted and found. */
export interface Selection {
  /** Their number is the sum of these two slots. */
  readonly slots: readonly [number, number];
  /** The classes they are in; undefined: every pack. */
  readonly classes: readonly number[] | undefined;
}

/** How the packs of a filter are counted and found. Of a group nothing is counted. */
export function selectionOf({ status, environment, group }: ListFilter): Selection {
  const known = group && statusesOfGroup(group);
  const isEvery = status === 'all' && environment === undefined && !known;
  const environments = environment === undefined ? ENVIRONMENTS : [environment];
  const [a = NONE, b = NONE] = environments.map((one) => slotFor(status, one));
  const classes = (known ?? statusesOf(status)).flatMap((each) =>
    environments.map((one) => classOf({ status: each, environment: one })),
  );
  return { slots: [a, b], classes: isEvery ? undefined : classes };
}

/** Statuses that a filter names. */
function statusesOf(status: ListFilter['status']): readonly PackStatus[] {
  if (status === 'all') return PACK_STATUSES;
  return status === 'served' ? PACK_STATUSES.filter(isServed) : [status];
}

function slotFor(status: ListFilter['status'], environment: Environment): number {
  if (status === 'all') return ALL + environmentIndex(environment);
  if (status === 'served') return SERVED + environmentIndex(environment);
  return classOf({ status, environment }) + 1;
}

/** Slots in which packs of some statuses are counted, each once. */
export const slotsFor = (statuses: readonly PackStatus[]): number[] =>
  statuses.flatMap((status) => ENVIRONMENTS.map((environment) => classOf({ status, environment }) + 1));

/** How many packs of a status an array of counts has. */
export const countIn = (counts: readonly number[], status: PackStatus): number =>
  slotsFor([status]).reduce((sum, slot) => sum + (counts[slot - 1] ?? 0), 0);

/** Which packs of an account a list shows. */
export interface FacetFilter extends ListFilter {
  /** Undefined: any. */
  readonly type: Pack['type'] | undefined;
  readonly certificateAuthority: Pack['certificateAuthority'] | undefined;
}

/** Every facet of packs that match, the least first; undefined: all there are. */
export function facetsOf(filter: FacetFilter): number[] | undefined {
  const { status, environment, type, certificateAuthority, group } = filter;
  const known = group && statusesOfGroup(group);
  if (status === 'all' && !known && (environment ?? type ?? certificateAuthority) === undefined)
    return undefined;
  return (known ?? statusesOf(status)).flatMap((each) =>
    optionsOf(environment, ENVIRONMENTS).flatMap((one) =>
      optionsOf(type, PACK_TYPES).flatMap((kind) =>
        optionsOf(certificateAuthority, ANY_CA).map((ca) =>
          facetOf({ status: each, environment: one, type: kind, certificateAuthority: ca }),
        ),
      ),
    ),
  );
}

/** What a pack may have for a CA. */
const ANY_CA = [undefined, ...CERTIFICATE_AUTHORITIES] as const;

const optionsOf = <T>(one: T | undefined, all: readonly T[]): readonly T[] =>
  one === undefined ? all : [one];
