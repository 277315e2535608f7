/**
 * What the packs of an account are counted by, beside the lists of its zones. A slot is a number that stands for one kind
 * of pack; a pack is in several. They are stored: those that are there keep their meaning.
 * - below 10,000: packs of that facet.
 * - 10,001 to 10,006: packs that wait for another than their status says. 10,010: packs that are being renewed.
 * - from 20,000 on: packs whose first certificate ends in that week, counted from the first Monday of 1970.
 */
import { days } from '../kit/time.ts';
import { type Mover, whoseMove } from './found.ts';
import { earliestEnd, isIssued, isKept, LIFECYCLE } from './lifecycle.ts';
import { type Faceted, facetOf } from './list-index.ts';
import type { Pack, PackStatus } from './pack.ts';
import { MOVE_OF, MOVES, type WaitedFor } from './pack-group.ts';

/** Slots below it are facets. */
export const FACETS_END = 10_000;
/** Slots of packs that wait for another than their status says. */
const DISPLACED: readonly { readonly slot: number; readonly from: WaitedFor; readonly to: WaitedFor }[] = [
  { slot: 10_001, from: 'customer', to: 'us' },
  { slot: 10_002, from: 'customer', to: 'ca' },
  { slot: 10_003, from: 'us', to: 'customer' },
  { slot: 10_004, from: 'us', to: 'ca' },
  { slot: 10_005, from: 'ca', to: 'customer' },
  { slot: 10_006, from: 'ca', to: 'us' },
];
/** Slot of packs that are being renewed. */
export const RENEWING = 10_010;
/** Slots from it on are weeks. */
export const WEEKS_BEGIN = 20_000;

/** What a pack is counted by here. */
export interface CountedPack extends Faceted {
  /** When the first of its certificates ends. */
  readonly end: Date | undefined;
  /** Whether a renewal of it began. */
  readonly isRenewing: boolean;
  /** Whether nothing was found wrong. */
  readonly isClean: boolean;
  /** Whose move that makes it what was found; undefined: nothing was. */
  readonly mover: Mover | undefined;
}

const countedOf = (pack: Pack): CountedPack => ({
  status: pack.status,
  environment: pack.environment,
  type: pack.type,
  certificateAuthority: pack.certificateAuthority,
  end: earliestEnd(pack),
  isRenewing: pack.renewal?.run !== undefined,
  isClean: pack.validationErrors.length === 0,
  mover: pack.found && whoseMove(pack.found),
});

/** How many packs wait for somebody, of so many in each status, and so many in each slot. */
export function countWaiting(
  whom: WaitedFor,
  statuses: ReadonlyMap<PackStatus, number>,
  slots: ReadonlyMap<number, number>,
): number {
  const byStatus = [...statuses].reduce((sum, [status, n]) => (MOVES[status] === whom ? sum + n : sum), 0);
  return DISPLACED.reduce((sum, { slot, from, to }) => {
    const n = slots.get(slot) ?? 0;
    return sum + (to === whom ? n : 0) - (from === whom ? n : 0);
  }, byStatus);
}

/** The slot of a pack that waits for another than its status says. What is at rest waits for whoever has it go on. */
function displacedSlot({
  status,
  isClean,
  mover,
}: Pick<CountedPack, 'status' | 'isClean' | 'mover'>): number[] {
  const from = MOVES[status];
  const found = mover && LIFECYCLE[status].job !== undefined ? MOVE_OF[mover] : undefined;
  const to = found ?? (status === 'pending_validation' && isClean ? 'us' : from);
  return DISPLACED.filter((one) => one.from === from && one.to === to).map(({ slot }) => slot);
}

const WEEK_MS = days(7) * 1_000;
const FIRST_MONDAY = Date.UTC(1970, 0, 5);

/** Number of the week of an instant, from Monday to Monday in UTC. */
export const weekOf = (instant: Date): number => Math.floor((instant.getTime() - FIRST_MONDAY) / WEEK_MS);

/** When a week begins. */
export const startOfWeek = (week: number): Date => new Date(FIRST_MONDAY + week * WEEK_MS);

/** Slots that a pack is counted in. */
export const accountSlotsOf = ({ end, isRenewing, ...pack }: CountedPack): number[] => [
  facetOf(pack),
  ...displacedSlot(pack),
  ...(isRenewing && isKept(pack.status) ? [RENEWING] : []),
  ...(end && isIssued(pack.status) ? [WEEKS_BEGIN + weekOf(end)] : []),
];

/** The same of a whole pack. */
export const slotsOfPack = (pack: Pack): number[] => accountSlotsOf(countedOf(pack));

/** By how much each slot changes when a pack becomes another, the least slot first; undefined: it was not, or is no more. */
export function accountChange(from: Pack | undefined, to: Pack | undefined): [slot: number, n: number][] {
  const change = new Map<number, number>();
  const add = (pack: Pack | undefined, n: number) => {
    for (const slot of pack ? slotsOfPack(pack) : []) change.set(slot, (change.get(slot) ?? 0) + n);
  };
  add(from, -1);
  add(to, 1);
  return [...change].filter(([, n]) => n !== 0).toSorted(([a], [b]) => a - b);
}
