/** SQL that keeps what an account has, counted, and when its packs are to be renewed. See src/pack/account-slots.ts. */
import { accountChange } from '../pack/account-slots.ts';
import { placeOfCa } from '../pack/list-index.ts';
import type { Pack } from '../pack/pack.ts';
import { type RenewalPlan, renewalPlanOf } from '../pack/renewal.ts';
import { IN_ZONE, zoneKey } from './zone-key.ts';

/** Part of an account's counts in which a zone is counted: the three bits behind those of its cell. */
export const partOf = (zoneId: string): number => Number.parseInt(zoneId.slice(0, 2), 16) & 7;

/** What becomes of a pack, as its account counts it. */
export interface AccountChange {
  /** Whether any count changes. */
  readonly isTallied: boolean;
  /** What becomes of the row that says when the pack is to be renewed. */
  readonly plan: 'kept' | 'put' | 'removed';
  /** Values for the parts below. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** The change when a pack becomes another; undefined: it was not, or is no more. */
export function accountChangeOf(from: Pack | undefined, to: Pack | undefined): AccountChange {
  const change = accountChange(from, to);
  const [old, plan] = [from, to].map((pack) => pack && renewalPlanOf(pack));
  return {
    isTallied: change.length > 0,
    plan: isSame(old, plan) ? 'kept' : plan ? 'put' : 'removed',
    values: {
      part: partOf((to ?? from)?.zone.id ?? ''),
      slots: change.map(([slot]) => slot),
      ns: change.map(([, n]) => n),
      ...(plan && planValues(plan)),
      ca_place: placeOfCa((to ?? from)?.certificateAuthority),
    },
  };
}

const isSame = (a: RenewalPlan | undefined, b: RenewalPlan | undefined): boolean =>
  a?.renewOn.getTime() === b?.renewOn.getTime() &&
  a?.riskOn.getTime() === b?.riskOn.getTime() &&
  a?.endsOn.getTime() === b?.endsOn.getTime();

/** Values for `PLAN_PUT`. */
export const planValues = ({ renewOn, riskOn, endsOn }: RenewalPlan) => ({
  renew_on: renewOn,
  risk_on: riskOn,
  ends_on: endsOn,
});

/** CTE: the account's counts changed, if the CTE `of` has a row. The least slot first: so no two writers wait for each other. */
export const tallied = (of: string): string => `tallied as (
  insert into account_counts (cell, account_id, part, slot, n)
  select :cell, :account, :part, one.slot, one.n
    from ${of}, unnest(:slots::integer[], :ns::integer[]) as one (slot, n)
  on conflict (cell, account_id, part, slot) do update set n = account_counts.n + excluded.n)`;

const PLAN = 'pack_renewals (cell, zone_id, ord, account_id, renew_on, risk_on, ends_on, ca)';
const REPLACED = `on conflict (cell, zone_id, ord) do update
  set renew_on = excluded.renew_on, risk_on = excluded.risk_on, ends_on = excluded.ends_on,
    ca = excluded.ca`;

/** A statement that puts down when a pack is to be renewed, and by which CA, if the CTE `of` has a row. */
export const planPut = (of: string): string =>
  `insert into ${PLAN} select :cell, :zone, :ord, :account, :renew_on, :risk_on, :ends_on, :ca_place from ${of} ${REPLACED}`;

/** A statement that takes that away, if the CTE `moved` has a row. */
export const PLAN_REMOVED = `delete from pack_renewals using moved where ${IN_ZONE} and ord = :ord`;

/** Values of a change of the counts alone, of many packs of a zone at once. */
export const tallyValues = (zoneId: string, sums: ReadonlyMap<number, number>) => {
  const change = [...sums].filter(([, n]) => n !== 0).toSorted(([a], [b]) => a - b);
  return {
    ...zoneKey(zoneId),
    part: partOf(zoneId),
    slots: change.map(([slot]) => slot),
    ns: change.map(([, n]) => n),
  };
};
