import { after, minutes } from '../kit/time.ts';
import { toName } from '../pack/hosts.ts';
import { placeOfCa } from '../pack/list-index.ts';
import type { Pack, PackKey, PackStatus } from '../pack/pack.ts';
import { renewalPlanOf } from '../pack/renewal.ts';
import { planPut, planValues } from './account-counts.ts';
import { PACK_COLUMNS, type PackRow, storedRenewal, toPack, ZONE_OF_PACK } from './pack-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import {
  AFTER_PACK,
  afterPack,
  cellsOf,
  IN_ORDER,
  IN_ZONE,
  inCells,
  type KeyRow,
  packKey,
  toKey,
  zoneKey,
} from './zone-key.ts';
import { listZonesNamed } from './zones.ts';

const SELECT = `select ${PACK_COLUMNS}, ${ZONE_OF_PACK}
  from packs join zones on zones.cell = packs.cell and zones.id = packs.zone_id`;
const THIS = `${IN_ZONE} and id = :pack`;

/** How a pack is written down beside its fields: its JSON in the API, and when it next wants attention. */
export interface RowAside {
  readonly json: string;
  readonly jsonVersion: number;
  /** Undefined: nobody needs to look. */
  readonly dueAt: Date | undefined;
}

/** Condition on a pack in a statement that joins its zone. */
const OF_ZONE = 'packs.cell = :cell and packs.zone_id = :zone';

/** The pack, or undefined where the zone has no such pack. */
export async function getPack(db: Db, zoneId: string, id: string): Promise<Pack | undefined> {
  const { rows } = await execute<PackRow>(db, GET, { ...zoneKey(zoneId), id });
  return rows[0] && toPack(db, rows[0]);
}

const GET = statement(`${SELECT} where ${OF_ZONE} and packs.id = :id`);

/** The pack at an ordinal of a zone, or undefined. */
export async function getPackAt(db: Db, zoneId: string, ord: number): Promise<Pack | undefined> {
  const { rows } = await execute<PackRow>(db, AT, { ...zoneKey(zoneId), ord });
  return rows[0] && toPack(db, rows[0]);
}

const AT = statement(`${SELECT} where ${OF_ZONE} and ord = :ord`);

/** As `getPack`, with the pack locked against other writers until the transaction ends. */
export async function lockPack(tx: Tx, zoneId: string, id: string): Promise<Pack | undefined> {
  const { rows } = await execute<PackRow>(tx, LOCK, { ...zoneKey(zoneId), id });
  return rows[0] && toPack(tx, rows[0]);
}

const LOCK = statement(`${SELECT} where ${OF_ZONE} and packs.id = :id for no key update of packs`);

/** The names of a pack's hosts, in A-labels; none where it is gone. */
export async function listNames(db: Db, pack: PackKey): Promise<string[]> {
  const { rows } = await execute<{ hosts: string[] }>(db, HOSTS, packKey(pack));
  return rows.flatMap(({ hosts }) => hosts.map(toName));
}

const HOSTS = statement(`select hosts from packs where ${THIS}`);

/** The same of many packs, together. */
export async function listNamesOf(db: Db, packs: readonly PackKey[]): Promise<string[]> {
  if (packs.length === 0) return [];
  const zones = packs.map(({ zone }) => zone.id);
  const values = { ...cellsOf(zones), zones, packs: packs.map(({ id }) => id) };
  const { rows } = await execute<{ hosts: string[] }>(db, HOSTS_OF, values);
  return rows.flatMap(({ hosts }) => hosts.map(toName));
}

const HOSTS_OF = statement(`
  select packs.hosts from packs join unnest(:own::smallint[], :zones::text[], :packs::uuid[]) as asked (cell, zone_id, id)
      on packs.cell = asked.cell and packs.zone_id = asked.zone_id and packs.id = asked.id
   where ${inCells('packs')}`);

/** Packs that follow `last` in the order of their keys; undefined: from the first. */
export async function listKeysAfter(db: Db, last: PackKey | undefined, limit: number): Promise<PackKey[]> {
  const { rows } = await execute<KeyRow>(db, KEYS, { ...afterPack(last), limit });
  return rows.map(toKey);
}

const KEYS = statement(`select zone_id, id from packs where ${AFTER_PACK} ${IN_ORDER} limit :limit`);

/** Locks a pack that a worker has and tells whether it still has it. */
export async function isHeld(tx: Tx, pack: Pack): Promise<boolean> {
  const { rowCount } = await execute(tx, HELD, { ...packKey(pack), claim: pack.claim });
  return rowCount === 1;
}

const HELD = statement(`select from packs where ${THIS} and claim = :claim for no key update`);

/** Whether a worker works on a pack now. No lease ends after `latest`: one that does is of a clock that was ahead. */
export async function isInHand(db: Db, pack: PackKey, now: Date, latest?: Date): Promise<boolean> {
  const { rowCount } = await execute(db, IN_HAND, { ...packKey(pack), now, latest: latest ?? null });
  return rowCount === 1;
}

const IN_HAND = statement(`
  select from packs
   where ${THIS} and worker is not null and due_at > :now
     and (:latest::timestamptz is null or due_at <= :latest::timestamptz)`);

/** Sets when a held pack is due, and nothing else. */
export async function setDue(db: Db, pack: Pack, dueAt: Date | undefined): Promise<void> {
  await execute(db, SET_DUE, { ...packKey(pack), claim: pack.claim, due_at: dueAt ?? null });
}

const SET_DUE = statement(
  `update packs set due_at = :due_at, worker = null where ${THIS} and claim = :claim`,
);

/**
 * Writes when a held pack is to be renewed, of which nothing shows in lists, and when it is due for that. False: another
 * took it.
 */
export async function putRenewal(db: Db, pack: Pack, dueAt: Date | undefined): Promise<boolean> {
  const plan = renewalPlanOf(pack);
  const { rowCount } = await execute(db, plan ? PUT_PLANNED_RENEWAL : PUT_RENEWAL, {
    ...packKey(pack),
    claim: pack.claim,
    renewal: storedRenewal(pack),
    due_at: dueAt,
    ord: pack.ord,
    account: pack.zone.accountId,
    ...(plan && planValues(plan)),
    ca_place: placeOfCa(pack.certificateAuthority),
  });
  return rowCount === 1;
}

const RENEWAL_PUT = `update packs set renewal = :renewal, due_at = :due_at, worker = null where ${THIS} and claim = :claim`;
const PUT_RENEWAL = statement(RENEWAL_PUT);
const PUT_PLANNED_RENEWAL = statement(`with moved as (${RENEWAL_PUT} returning claim) ${planPut('moved')}`);

/** Makes served packs of some cells due that nobody planned to renew, at most `limit`, those that end first. How many. */
export async function remindUnplanned(
  db: Db,
  what: { readonly cells: readonly number[]; readonly limit: number },
  now: Date,
): Promise<number> {
  const { rowCount } = await execute(db, REMIND, { ...what, now, free: after(now, LEASES) });
  return rowCount ?? 0;
}

const REMIND = statement(`
  update packs set due_at = :now
   where ${inCells('packs')} and (cell, zone_id, id) in (
     select cell, zone_id, id from packs
      where ${inCells('packs')} and status in ('active', 'staging_active')
        and (renewal is null or due_at = expires_on)
        and certificate_authority is not null and due_at > :free
      order by expires_on limit :limit for update skip locked)`);

/** Longer than a worker has a pack before it tells so: what is due later is in nobody's hands. */
const LEASES = minutes(10);

/** Whether any pack wants attention now. */
export async function isAnyDue(db: Db, now: Date): Promise<boolean> {
  const { rows } = await db.query<{ due: boolean }>(
    'select exists (select from packs where due_at <= $1) as due',
    [now],
  );
  return rows[0]?.due ?? false;
}

/** Packs of hidden zones that nobody has begun to take away, at most `limit`. */
export async function listStranded(db: Db, leaving: readonly PackStatus[], limit: number): Promise<Pack[]> {
  const { rows } = await db.query<PackRow>(
    `${SELECT} where zones.deleted_on is not null and not (packs.status = any($1)) limit $2`,
    [leaving, limit],
  );
  return Promise.all(rows.map((row) => toPack(db, row)));
}

/** Packs of a zone that wait to have what they show seen, in a transaction that holds the zone. */
export async function listPacksUnderWay(tx: Tx, zoneId: string): Promise<Pack[]> {
  const { rows } = await execute<PackRow>(tx, UNDER_WAY, zoneKey(zoneId));
  return Promise.all(rows.map((row) => toPack(tx, row)));
}

const UNDER_WAY = statement(
  `${SELECT} where packs.cell = :cell and packs.zone_id = :zone and packs.validation_records::text <> '[]'
      and (packs.status = 'pending_validation' or packs.renewal -> 'course' ->> 'status' = 'pending_validation')`,
);

/** Makes packs of a status due in the zones of these names, so that their records are looked at again. */
export async function makeDue(
  db: Db,
  zoneNames: readonly string[],
  status: PackStatus,
  now: Date,
): Promise<void> {
  for (const zoneId of await listZonesNamed(db, zoneNames))
    await execute(db, MAKE_DUE, { ...zoneKey(zoneId), status, now });
}

const MAKE_DUE = statement(
  `update packs set due_at = :now where ${IN_ZONE} and status = :status and due_at > :now`,
);
