/** The record of what was done and by whom. It outlives what it tells of. */
import type { PackStatus } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';

/** Who does something. */
export interface Actor {
  /** Id of a token; `worker` for the service itself, `operator` for commands on the database's own machine. */
  readonly id: string;
  /** Of the token. */
  readonly name?: string | undefined;
  /** Where the request came from, and its id. */
  readonly address?: string | undefined;
  readonly request?: string | undefined;
}

export const WORKER: Actor = { id: 'worker' };
export const OPERATOR: Actor = { id: 'operator' };

/** What happened to a pack, and who did it. */
export interface PackEventRecord {
  /** An event of the lifecycle, or what else was done: `order`, `amend`. */
  readonly event: string;
  readonly actor: Actor;
}

/** Values for `audited`. */
export const auditValues = (
  { event, actor }: PackEventRecord,
  pack: { readonly zone: { readonly accountId: string }; readonly status: PackStatus },
) => ({
  event,
  actor: actor.id,
  actor_name: actor.name,
  address: actor.address,
  request: actor.request,
  account: pack.zone.accountId,
  status: pack.status,
});

/** CTE `noted`: the record of what the CTE `of` did to the pack `:id` of zone `:zone` at `:now`, if it has a row. */
export const audited = (of: string): string => `noted as (
  insert into audit (made_on, account_id, zone_id, pack_id, event, status, actor, actor_name, address, request)
  select :now, :account, :zone, :id, :event, :status, :actor, :actor_name, :address, :request from ${of})`;

/** What is recorded beside packs, by what it is called in the API. */
export const RESOURCES = ['certificate_pack', 'zone', 'api_token', 'account'] as const;
export type Resource = (typeof RESOURCES)[number];

/** Something that was done in an account. */
export interface AuditEvent extends PackEventRecord {
  readonly accountId: string;
  readonly zoneId?: string;
  readonly resource: Resource;
  readonly resourceId: string;
  readonly name: string | undefined;
}

/** Records what was done, in the transaction that does it. */
export async function recordAudit(db: Db, doing: AuditEvent, now: Date): Promise<void> {
  const { actor } = doing;
  await execute(db, NOTE, {
    now,
    account: doing.accountId,
    zone: doing.zoneId ?? '',
    event: doing.event,
    actor: actor.id,
    actor_name: actor.name,
    address: actor.address,
    request: actor.request,
    resource: doing.resource,
    resource_id: doing.resourceId,
    name: doing.name ?? null,
  });
}

const NOTE = statement(`
  insert into audit (made_on, account_id, zone_id, event, actor, actor_name, address, request, resource, resource_id, name)
  values (:now, :account, :zone, :event, :actor, :actor_name, :address, :request, :resource, :resource_id, :name)`);

/** Removes records made before `instant`. */
export async function purgeAudit(db: Db, instant: Date): Promise<void> {
  await db.query('delete from audit where made_on < $1', [instant]);
}
