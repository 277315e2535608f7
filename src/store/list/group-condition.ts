/** Whether a pack is in a group, in SQL: as src/pack/account-slots.ts counts it, and `listLateRenewals`. */
import { CAUSES, MOVERS, type Mover } from '../../pack/found.ts';
import { LIFECYCLE } from '../../pack/lifecycle.ts';
import { PACK_STATUSES, type PackStatus } from '../../pack/pack.ts';
import { MOVE_OF, MOVES } from '../../pack/pack-group.ts';

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(', ');

const statusesWhere = (is: (status: PackStatus) => boolean): string => quoted(PACK_STATUSES.filter(is));

const causesOf = (mover: Mover): string =>
  quoted(Object.entries(CAUSES).flatMap(([cause, of]) => (of === mover ? [cause] : [])));

const BY_CAUSE = MOVERS.map((mover) => `when finding.it ->> 'cause' in (${causesOf(mover)}) then '${mover}'`);

/** Whose move it is by what was found: as was said with it, or by its cause. */
const BY_FINDING = `case coalesce(finding.it ->> 'whose', case ${BY_CAUSE.join(' ')} end)
  ${MOVERS.map((mover) => `when '${mover}' then '${MOVE_OF[mover]}'`).join(' ')} end`;

/** Whom a pack waits for. What is at rest waits for whoever has it go on, whatever was found. */
const WAITS_FOR = `(
  select case
      when finding.it is not null and packs.status in (${statusesWhere((one) => LIFECYCLE[one].job !== undefined)})
        then ${BY_FINDING}
      when packs.status = 'pending_validation' and packs.validation_errors = '[]' then 'us'
      when packs.status in (${statusesWhere((one) => MOVES[one] === 'customer')}) then 'customer'
      when packs.status in (${statusesWhere((one) => MOVES[one] === 'us')}) then 'us'
      when packs.status in (${statusesWhere((one) => MOVES[one] === 'ca')}) then 'ca' end
    from (select case when (packs.found ->> 'on')::timestamptz = date_trunc('milliseconds', packs.modified_on)
                      then packs.found end as it) as finding)`;

/** Condition on a pack; of `:group` null it always holds. What is at risk is seen at `:now`. */
export const IN_GROUP = `(:group::text is null or (
  (:statuses::text[] is null or packs.status = any(:statuses::text[]))
  and case :group::text
    when 'waiting_for_customer' then ${WAITS_FOR} = 'customer'
    when 'waiting_for_us' then ${WAITS_FOR} = 'us'
    when 'waiting_for_ca' then ${WAITS_FOR} = 'ca'
    when 'being_renewed' then coalesce(packs.renewal ? 'course', false)
    when 'at_risk' then (
      select count(*) > 0 from pack_renewals as plan
       where plan.cell = packs.cell and plan.zone_id = packs.zone_id and plan.ord = packs.ord
         and plan.risk_on < :now::timestamptz)
    else true end))`;
