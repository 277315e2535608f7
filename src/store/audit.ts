/** The record of what was done and by whom. It outlives what it tells of. */
import type { PackStatus } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { zoneKey } from './zone-key.ts';

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

/**
 * CTE `noted`: the record of what the CTE `of` did to the pack `:id` of zone `:zone` at `:now`, if it has a row: its
 * `version` is that of the zone since then, which numbers the record.
 */
export const audited = (of: string): string => `noted as (
  insert into audit (cell, zone_id, seq, made_on, account_id, pack_id, event, status, actor, actor_name, address, request)
  select :cell, :zone, version, :now, :account, :id, :event, :status, :actor, :actor_name, :address, :request
    from ${of})`;

/** What is recorded beside packs, by what it is called in the API. */
export const RESOURCES = ['certificate_pack', 'zone', 'dns_record', 'api_token', 'account'] as const;
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
export async function recordAudit(db: Db, entry: AuditEvent, now: Date): Promise<void> {
  const { actor, zoneId, accountId } = entry;
  await execute(db, zoneId === undefined ? NOTE_IN_ACCOUNT : NOTE_IN_ZONE, {
    ...zoneKey(zoneId ?? accountId),
    now,
    account: accountId,
    event: entry.event,
    actor: actor.id,
    actor_name: actor.name,
    address: actor.address,
    request: actor.request,
    resource: entry.resource,
    resource_id: entry.resourceId,
    name: entry.name ?? null,
  });
}

/** What was done to several things of a zone by one request. */
export interface ZoneEvents {
  readonly actor: Actor;
  readonly accountId: string;
  readonly zoneId: string;
  readonly resource: Resource;
  readonly done: readonly { readonly event: string; readonly resourceId: string; readonly name: string }[];
}

/** As `recordAudit`, all of it by one statement. */
export async function recordAll(
  db: Db,
  { actor, accountId, zoneId, resource, done }: ZoneEvents,
  now: Date,
): Promise<void> {
  await execute(db, NOTE_ALL, {
    ...zoneKey(zoneId),
    now,
    account: accountId,
    actor: actor.id,
    actor_name: actor.name,
    address: actor.address,
    request: actor.request,
    resource,
    count: done.length,
    events: done.map(({ event }) => event),
    ids: done.map(({ resourceId }) => resourceId),
    names: done.map(({ name }) => name),
  });
}

const NOTE_ALL = statement(`
  with numbered as (
    update zones set version = version + :count::int where cell = :cell and id = :zone returning version - :count::int as before)
  insert into audit (cell, zone_id, seq, made_on, account_id, event, actor, actor_name, address, request, resource,
    resource_id, name)
  select :cell, :zone, before + i, :now, :account, one.event, :actor, :actor_name, :address, :request, :resource,
         one.id, one.name
    from numbered, unnest(:events::text[], :ids::text[], :names::text[]) with ordinality as one (event, id, name, i)`);

/** What `numbered` gives stands for the record's place in its zone, or in its account. */
const noting = (numbered: string) =>
  statement(`
    with numbered as (${numbered})
    insert into audit (cell, zone_id, seq, made_on, account_id, event, actor, actor_name, address, request, resource,
      resource_id, name)
    select :cell, :zone, seq, :now, :account, :event, :actor, :actor_name, :address, :request, :resource,
           :resource_id, :name from numbered`);

const NOTE_IN_ZONE = noting(
  'update zones set version = version + 1 where cell = :cell and id = :zone returning version as seq',
);
const NOTE_IN_ACCOUNT = noting(
  'update accounts set records = records + 1 where id = :account returning records as seq',
);

/** Removes records made before `instant`. */
export async function purgeAudit(db: Db, instant: Date): Promise<void> {
  await db.query('delete from audit where made_on < $1', [instant]);
}
