/**
 * Every statement that makes, changes or removes a pack's row: with it go the counts that lists are found by, and the
 * record of what was done. The zone's row is locked first, so no two writers wait for each other.
 */
import { earliestEnd } from '../pack/lifecycle.ts';
import { classOf, countChange, facetOf } from '../pack/list-index.ts';
import type { Pack } from '../pack/pack.ts';
import { audited, auditValues, type PackEventRecord, WORKER } from './audit.ts';
import { BUCKETS_COUNTED, BUCKETS_GROWN, BUCKETS_SHRUNK, countValues, ZONE_COUNTED } from './list/counts.ts';
import { storedRenewal } from './pack-row.ts';
import type { RowAside } from './packs.ts';
import { reverse, suffixesOf, unpublishRecords } from './published-records.ts';
import { uncover } from './served-hosts.ts';
import { statement } from './statement.ts';
import { type Db, execute, stateOf, type Tx } from './store.ts';

/** Columns that change in a pack's life, and their values. `due_at` and `claim` have rules of their own. */
const changing = (pack: Pack, { json: wire, jsonVersion: wireVersion }: RowAside) => ({
  status: pack.status,
  status_since: pack.statusSince,
  environment: pack.environment,
  class: classOf(pack),
  facet: facetOf(pack),
  expires_on: earliestEnd(pack) ?? null,
  validation_method: pack.validationMethod ?? null,
  is_delegated: pack.isDelegated,
  is_branded: pack.isBranded,
  validation_records: JSON.stringify(pack.validationRecords),
  validation_errors: JSON.stringify(pack.validationErrors),
  attempts: pack.attempts,
  renewal: storedRenewal(pack),
  backup_id: pack.pair?.role === 'ordered' ? pack.pair.other : null,
  is_standby: pack.pair?.isStandby ?? false,
  modified_on: pack.modifiedOn,
  wire,
  wire_version: wireVersion,
});

const CHANGING: readonly (keyof ReturnType<typeof changing>)[] = [
  'status',
  'status_since',
  'environment',
  'class',
  'facet',
  'expires_on',
  'validation_method',
  'is_delegated',
  'is_branded',
  'validation_records',
  'validation_errors',
  'attempts',
  'renewal',
  'backup_id',
  'is_standby',
  'modified_on',
  'wire',
  'wire_version',
];

const INSERT = statement(`
  with ${ZONE_COUNTED}, ${BUCKETS_GROWN}, ${audited('zone')}, pack as (
    insert into packs (cell, zone_id, id, account_id, lane, ord, type, hosts, certificate_authority, validity_days,
      backup_of, ranked_on, created_on, due_at, claim, ${CHANGING.join(', ')})
    select :cell, :zone, :id, :account, :lane, :ord, :type, :hosts, :ca, :days,
      :backup_of, :ranked_on, :created_on, :due_at, 0, ${CHANGING.map((name) => `:${name}`).join(', ')} from zone
    returning cell, zone_id, ord, account_id, created_on),
  hosts as (
    insert into pack_hosts (cell, zone_id, ord, account_id, created_on, reversed)
    select *, unnest(:reversed::text[]) from pack)
  insert into pack_suffixes (cell, zone_id, ord, account_id, created_on, name)
  select *, unnest(:above::text[]) from pack`);

/** Who stores a new pack: the lane of its account, and the names of its hosts in A-labels. */
export interface Place {
  readonly lane: number;
  readonly names: readonly string[];
}

/** Stores a new pack, in a transaction that holds its zone (`takeOrd`). */
export async function insertPack(
  tx: Tx,
  pack: Pack,
  place: Place,
  aside: RowAside & PackEventRecord,
): Promise<void> {
  const names = new Set(place.names);
  await execute(tx, INSERT, {
    ...countValues({ zoneId: pack.zone.id, ord: pack.ord }, undefined, pack),
    ...auditValues(aside, pack),
    now: pack.modifiedOn,
    id: pack.id,
    lane: place.lane,
    ord: pack.ord,
    type: pack.type,
    hosts: pack.hosts,
    ca: pack.certificateAuthority ?? null,
    days: pack.validityDays ?? null,
    backup_of: pack.pair?.role === 'backup' ? pack.pair.other : null,
    ranked_on: pack.pair?.role === 'backup' ? pack.pair.since : null,
    created_on: pack.createdOn,
    due_at: aside.dueAt ?? null,
    reversed: [...names].map(reverse),
    above: [...new Set(place.names.flatMap(suffixesOf))].filter((name) => !names.has(name)),
    ...changing(pack, aside),
  });
}

/** The pack's row, if it is still as it was read. A pack made due before `:stays_due_at` while it was worked on stays due. */
const MOVED = `moved as (
  update packs set ${CHANGING.map((name) => `${name} = :${name}`).join(', ')},
    claim = claim + :freed, worker = case when :put_down then null else worker end,
    due_at = case when due_at <= :stays_due_at then due_at else :due_at end
   from zone
  where cell = :cell and zone_id = :zone and id = :id and class = :from_class and claim = :claim
  returning zone.version)`;

const ZONE_TOUCHED = `zone as (
  update zones set version = version + 1 where cell = :cell and id = :zone returning version)`;

/**
 * The zone is counted before it shows that the pack was another's: then nothing of the statement may stay, also where it
 * is a transaction of its own. Plain SQL fails by an error alone.
 */
const OR_NOTHING = 'select 1 / count(*) from moved';
const DIVISION_BY_ZERO = '22012';

/** A move that lists count, one that they do not, and a step inside a status, of which there is no record. */
const COUNTED = statement(
  `with ${ZONE_COUNTED}, ${MOVED}, ${BUCKETS_COUNTED}, ${audited('moved')} ${OR_NOTHING}`,
);
const ALIKE = statement(`with ${ZONE_TOUCHED}, ${MOVED}, ${audited('moved')} ${OR_NOTHING}`);
const STEP = statement(`with ${ZONE_TOUCHED}, ${MOVED} ${OR_NOTHING}`);

/** How a change is written: `isFreed` raises the claim, so that whoever works on the pack now loses it. */
export interface RowChange extends RowAside {
  readonly isFreed: boolean;
  /** Whether nobody has the pack in its hands from then on. */
  readonly isPutDown: boolean;
  readonly staysDueAt?: Date | undefined;
  /** Undefined: a step inside a status, of which there is no record. */
  readonly record: PackEventRecord | undefined;
}

/**
 * Writes what may change of a pack, unless it left what `from` counts as, or another took it since: then false, and a
 * transaction around it is over.
 */
export async function updatePack(db: Db, from: Pack, to: Pack, change: RowChange): Promise<boolean> {
  const isCounted = countChange(from, to).some((n) => n !== 0);
  const written = execute(db, isCounted ? COUNTED : change.record ? ALIKE : STEP, {
    ...countValues({ zoneId: from.zone.id, ord: from.ord }, from, to),
    ...auditValues(change.record ?? UNNAMED, to),
    now: to.modifiedOn,
    id: from.id,
    from_class: classOf(from),
    claim: from.claim,
    freed: Number(change.isFreed),
    put_down: change.isPutDown,
    due_at: change.dueAt ?? null,
    stays_due_at: change.staysDueAt ?? null,
    ...changing(to, change),
  });
  try {
    await written;
    return true;
  } catch (error) {
    if (stateOf(error) === DIVISION_BY_ZERO) return false;
    throw error;
  }
}

const UNNAMED: PackEventRecord = { event: 'change', actor: WORKER };

const DELETE = statement(`
  with ${ZONE_COUNTED},
  moved as (
    delete from packs using zone
     where cell = :cell and zone_id = :zone and id = :id and class = :from_class and claim = :claim
    returning zone.version),
  ${BUCKETS_SHRUNK} select from moved`);

/**
 * Removes a pack with all that belongs to it, in a transaction that holds its zone, unless it left what it counts as, or
 * another took it since: then false.
 */
export async function deletePack(tx: Tx, pack: Pack): Promise<boolean> {
  const { rowCount } = await execute(tx, DELETE, {
    ...countValues({ zoneId: pack.zone.id, ord: pack.ord }, pack, undefined),
    id: pack.id,
    from_class: classOf(pack),
    claim: pack.claim,
  });
  if (rowCount !== 1) return false;
  await unpublishRecords(tx, pack);
  await uncover(tx, pack);
  return true;
}
