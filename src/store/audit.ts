/** The record of what was done and by whom. It outlives what it tells of. */
import type { Pack } from '../pack/pack.ts';
import { chained, digestOf, LINK, linked } from './chain/link.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
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

/** What was done to a pack, as it is afterwards. */
interface PackChange extends PackEventRecord {
  /** Undefined: there was no pack. */
  readonly from: Pick<Pack, 'status'> | undefined;
  readonly to: Pack;
}

/** Values for `audited`, and for the link that goes with it. */
export function auditValues({ event, actor, from, to }: PackChange) {
  const columns = {
    event,
    ...actorValues(actor),
    from_status: from?.status,
    status: to.status,
    details: detailsOf(to),
  };
  const digest = digestOf({
    zoneId: to.zone.id,
    accountId: to.zone.accountId,
    madeOn: to.modifiedOn,
    packId: to.id,
    event,
    fromStatus: columns.from_status,
    status: to.status,
    resource: 'certificate_pack',
    ...saidOf(actor),
    details: columns.details,
  });
  return { ...columns, account: to.zone.accountId, now: to.modifiedOn, id: to.id, digest };
}

/** Values of the columns that say who did it. */
const actorValues = ({ id, name, address, request }: Actor) => ({
  actor: id,
  actor_name: name ?? null,
  address: address ?? null,
  request: request ?? null,
});

const saidOf = ({ id: actor, name: actorName, address, request }: Actor) => ({
  actor,
  actorName,
  address,
  request,
});

/** Most of a pack's messages that are kept in a record, and of their characters. */
const [MOST_MESSAGES, MOST_CHARACTERS] = [5, 500];

/** What was wrong with a pack when it was written, as its owner was told; undefined: nothing was. */
function detailsOf({ validationErrors }: Pack): string | undefined {
  if (validationErrors.length === 0) return undefined;
  const shown = validationErrors.slice(0, MOST_MESSAGES).map((message) => message.slice(0, MOST_CHARACTERS));
  return JSON.stringify({ validation_errors: shown });
}

/**
 * CTE `noted`: the record of what the CTE `of` did to the pack `:id` of zone `:zone` at `:now`, if it has a row: its
 * `version` is that of the zone since then, which numbers the record, beside its link in the zone's chain.
 */
export const audited = (of: string): string => `noted as (
  insert into audit (cell, zone_id, seq, made_on, account_id, pack_id, event, from_status, status, actor, actor_name, address,
    request, details, ${LINK})
  select :cell, :zone, version, :now, :account, :id, :event, :from_status, :status, :actor, :actor_name, :address,
         :request, :details, ${LINK}
    from ${of})`;

/** What is recorded beside packs, by what it is called in the API. */
export const RESOURCES = [
  'certificate_pack',
  'zone',
  'dns_record',
  'api_token',
  'account',
  'bulk_job',
  'move_in',
  'custom_csr',
  'alert_policy',
  'alert_webhook',
  'alert_pagerduty',
  'alert_silence',
  'alert_delivery',
  'custom_hostname',
  'fallback_origin',
  'edge',
] as const;
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
  const { actor, zoneId, accountId, event, resource, resourceId, name = null } = entry;
  const key = zoneKey(zoneId ?? accountId);
  const packId = resource === 'certificate_pack' ? resourceId : null;
  const said = { accountId, madeOn: now, packId, event, resource, resourceId, name, ...saidOf(actor) };
  await execute(db, zoneId === undefined ? NOTE_IN_ACCOUNT : NOTE_IN_ZONE, {
    ...key,
    now,
    account: accountId,
    pack: packId,
    event,
    ...actorValues(actor),
    resource,
    resource_id: resourceId,
    name,
    digest: digestOf({ zoneId: key.zone, ...said }),
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

/** As `recordAudit`, all of it by one statement, in a transaction that holds the zone. */
export async function recordAll(
  tx: Tx,
  { actor, accountId, zoneId, resource, done }: ZoneEvents,
  now: Date,
): Promise<void> {
  const said = { zoneId, accountId, madeOn: now, resource, ...saidOf(actor) };
  await execute(tx, NOTE_ALL, {
    ...zoneKey(zoneId),
    now,
    account: accountId,
    ...actorValues(actor),
    resource,
    count: done.length,
    events: done.map(({ event }) => event),
    ids: done.map(({ resourceId }) => resourceId),
    names: done.map(({ name }) => name),
    digests: done.map((one) => digestOf({ ...said, ...one })),
  });
}

const COLUMNS = 'event, actor, actor_name, address, request, resource, resource_id, name';

/** Link by link: each hash is over the one before it. */
const NOTE_ALL = statement(`
  with recursive before as materialized (
    select version, chain_place, chain_hash from zones where cell = :cell and id = :zone),
  links as (
    select 0::bigint as i, chain_hash as hash from before
    union all
    select links.i + 1, ${linked('links.hash', 'chain_place + links.i + 1', 'version + links.i + 1', '(:digests::bytea[])[links.i + 1]')}
      from links cross join before where links.i < :count::int),
  numbered as (
    update zones set version = version + :count::int, chain_place = chain_place + :count::int,
           chain_hash = (select hash from links order by i desc limit 1)
     where cell = :cell and id = :zone returning version - :count::int as before, chain_place - :count::int as place)
  insert into audit (cell, zone_id, seq, made_on, account_id, ${COLUMNS}, ${LINK})
  select :cell, :zone, before + one.i, :now, :account, one.event, :actor, :actor_name, :address, :request, :resource,
         one.id, one.name, place + one.i, links.hash
    from numbered, unnest(:events::text[], :ids::text[], :names::text[]) with ordinality as one (event, id, name, i)
    join links on links.i = one.i`);

/** What `numbered` gives stands for the record's place in its zone, or in its account. */
const noting = (numbered: string) =>
  statement(`
    with numbered as (${numbered})
    insert into audit (cell, zone_id, seq, made_on, account_id, pack_id, ${COLUMNS}, ${LINK})
    select :cell, :zone, seq, :now, :account, :pack::uuid, :event, :actor, :actor_name, :address, :request, :resource,
           :resource_id, :name, ${LINK} from numbered`);

const NOTE_IN_ZONE = noting(
  `update zones set version = version + 1, ${chained('version + 1')} where cell = :cell and id = :zone
   returning version as seq, ${LINK}`,
);
const NOTE_IN_ACCOUNT = noting(
  `update accounts set records = records + 1, ${chained('records + 1')} where id = :account
   returning records as seq, ${LINK}`,
);

/**
 * Removes records made before `instant`, of each chain from its beginning on: one that is older than another before it, as its
 * clock was behind, waits for that. The last one that goes is the chain's checkpoint.
 */
export async function purgeAudit(db: Db, instant: Date): Promise<void> {
  await execute(db, PURGE, { before: instant });
}

const PURGE = statement(`
  with reached as (
    select cell, zone_id, max(seq) as seq from audit where made_on < :before group by cell, zone_id),
  cut as (
    select cell, zone_id, coalesce((
             select min(one.seq) - 1 from audit as one
              where one.cell = reached.cell and one.zone_id = reached.zone_id and one.seq < reached.seq
                and one.made_on >= :before), seq) as seq
      from reached),
  gone as (
    delete from audit using cut where audit.cell = cut.cell and audit.zone_id = cut.zone_id and audit.seq <= cut.seq
    returning audit.cell, audit.zone_id, audit.seq, audit.made_on, ${LINK})
  insert into audit_checkpoints (cell, zone_id, kind, place, hash, made_on)
  select distinct on (cell, zone_id) cell, zone_id, 'begin', ${LINK}, made_on from gone where chain_place is not null
   order by cell, zone_id, seq desc
  on conflict (cell, zone_id, kind) do update set place = excluded.place, hash = excluded.hash, made_on = excluded.made_on
   where audit_checkpoints.place < excluded.place`);
