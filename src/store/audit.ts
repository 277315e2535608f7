import type { PackStatus } from '../pack/pack.ts';
import type { Db } from './store.ts';

/** What happened to a pack, and who did it. */
export interface Deed {
  /** An event of the lifecycle, or what else was done: `order`, `amend`. */
  readonly event: string;
  /** Id of a token; `worker` for what the service did by itself. */
  readonly actor: string;
}

/** Values for `audited`. */
export const auditValues = (
  { event, actor }: Deed,
  pack: { readonly zone: { readonly accountId: string }; readonly status: PackStatus },
) => ({ event, actor, account: pack.zone.accountId, status: pack.status });

/** CTE `noted`: the record of what the CTE `of` did to the pack `:id` of zone `:zone` at `:now`, if it has a row. */
export const audited = (of: string): string => `noted as (
  insert into audit (made_on, account_id, zone_id, pack_id, event, status, actor)
  select :now, :account, :zone, :id, :event, :status, :actor from ${of})`;

/** Removes records made before `instant`. */
export async function forgetAudit(db: Db, instant: Date): Promise<void> {
  await db.query('delete from audit where made_on < $1', [instant]);
}
