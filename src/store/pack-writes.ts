/**
 * Every statement that makes, changes or removes a pack's row: with it go the counts that lists are found by, and the
 * record of what was done. The zone's row is locked first, so no two writers wait for each other.
 */
import { classOf, countChange } from '../pack/list-index.ts';
import type { Pack } from '../pack/pack.ts';
import { uncovers } from '../pack/total-tls.ts';
import { accountChangeOf, PLAN_REMOVED, planPut, tallied } from './account-counts.ts';
import { audited, auditValues, type PackEventRecord, WORKER } from './audit.ts';
import { chained, LINK } from './chain/link.ts';
import {
  BUCKETS_COUNTED,
  BUCKETS_GROWN,
  BUCKETS_SHRUNK,
  COUNTS_CHANGED,
  countValues,
} from './list/counts.ts';
import { CHANGING, changing } from './pack-columns.ts';
import type { RowAside } from './packs.ts';
import { reverse, suffixesOf, unpublishRecords } from './published-records.ts';
import { uncover } from './served-hosts.ts';
import { type Statement, statement } from './statement.ts';
import { type Db, execute, stateOf, type Tx } from './store.ts';
import { rangeOf, rangeValues, SOONER } from './total-tls.ts';

/** CTE `zone`: its row, locked before any other; its version is raised, and what else is told. */
const zoneWith = (...assignments: readonly string[]): string => `zone as (
  update zones set ${['version = version + 1', ...assignments].join(', ')}
   where cell = :cell and id = :zone returning version, total_tls, ${LINK})`;

/** The zone's chain is a record longer: the one that `audited` writes. */
const CHAINED = chained('version + 1');

/** Where Total TLS is on, the zone is to be looked at `:now`. */
const DUE = 'managed_due = case when total_tls then least(managed_due, :now) else managed_due end';

const inserting = (plan: string): Statement =>
  statement(`
  with ${zoneWith(CHAINED, COUNTS_CHANGED)}, ${BUCKETS_GROWN}, ${audited('zone')}, ${tallied('zone')}, ${plan} pack as (
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

const INSERT = inserting('');
/** Of a pack that has its certificates from the start. */
const INSERT_PLANNED = inserting(`planned as (${planPut('zone')}),`);

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
  const { plan, values } = accountChangeOf(undefined, pack);
  await execute(tx, plan === 'put' ? INSERT_PLANNED : INSERT, {
    ...values,
    ...countValues({ zoneId: pack.zone.id, ord: pack.ord }, undefined, pack),
    ...auditValues({ ...aside, from: undefined, to: pack }),
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
  returning version, ${LINK})`;

/**
 * The zone is counted before it shows that the pack was another's: then nothing of the statement may stay, also where it
 * is a transaction of its own. Plain SQL fails by an error alone.
 */
const OR_NOTHING = 'select 1 / count(*) from moved';
const DIVISION_BY_ZERO = '22012';

/** What a change is to do beside the pack's row. */
interface Parts {
  /** Whether the pack no longer covers its hosts: where Total TLS is on, these are looked at. */
  readonly isUncovering: boolean;
  /** Whether lists count the pack as another. */
  readonly isCounted: boolean;
  /** Not of a step inside a status. */
  readonly isRecorded: boolean;
  readonly isTallied: boolean;
  readonly plan: 'kept' | 'put' | 'removed';
}

const PLANS = {
  kept: [],
  put: [`planned as (${planPut('moved')})`],
  removed: [`planned as (${PLAN_REMOVED})`],
};

const LOOKED_AT = `looks as (
  insert into total_tls_looks (cell, zone_id, low, high, look_at)
  select :cell, :zone, low, high, :now from zone, moved, unnest(:lows::text[], :highs::text[]) as range (low, high)
   where total_tls ${SOONER})`;

const changingBy = ({ isUncovering, isCounted, isRecorded, isTallied, plan }: Parts): Statement => {
  const parts = [
    zoneWith(
      ...(isRecorded ? [CHAINED] : []),
      ...(isCounted ? [COUNTS_CHANGED] : []),
      ...(isUncovering ? [DUE] : []),
    ),
    MOVED,
    ...(isCounted ? [BUCKETS_COUNTED] : []),
    ...(isRecorded ? [audited('moved')] : []),
    ...(isTallied ? [tallied('moved')] : []),
    ...PLANS[plan],
    ...(isUncovering ? [LOOKED_AT] : []),
  ];
  return statement(`with ${parts.join(', ')} ${OR_NOTHING}`);
};

/** Statements of changes, each made when it is wanted first. */
const CHANGES = new Map<string, Statement>();

function changeWith(parts: Parts): Statement {
  const { isUncovering, isCounted, isRecorded, isTallied, plan } = parts;
  const key = [isUncovering, isCounted, isRecorded, isTallied, plan].join();
  const known = CHANGES.get(key) ?? changingBy(parts);
  CHANGES.set(key, known);
  return known;
}

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
  const isUncovering = uncovers(from, to);
  const isCounted = countChange(from, to).some((n) => n !== 0);
  const { values, ...ofAccount } = accountChangeOf(from, to);
  const isRecorded = isUncovering || change.record !== undefined;
  const parts = { isUncovering, isCounted, isRecorded, ...ofAccount };
  const written = execute(db, changeWith(parts), {
    ...values,
    ord: to.ord,
    ...countValues({ zoneId: from.zone.id, ord: from.ord }, from, to),
    ...(isUncovering && rangeValues(from.hosts.map(rangeOf))),
    ...auditValues({ ...(change.record ?? UNNAMED), from, to }),
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
  with ${zoneWith(COUNTS_CHANGED)},
  moved as (
    delete from packs using zone
     where cell = :cell and zone_id = :zone and id = :id and class = :from_class and claim = :claim
    returning zone.version),
  ${BUCKETS_SHRUNK}, ${tallied('moved')} select from moved`);

/**
 * Removes a pack with all that belongs to it, in a transaction that holds its zone, unless it left what it counts as, or
 * another took it since: then false.
 */
export async function deletePack(tx: Tx, pack: Pack): Promise<boolean> {
  const { rowCount } = await execute(tx, DELETE, {
    ...accountChangeOf(pack, undefined).values,
    ...countValues({ zoneId: pack.zone.id, ord: pack.ord }, pack, undefined),
    account: pack.zone.accountId,
    id: pack.id,
    from_class: classOf(pack),
    claim: pack.claim,
  });
  if (rowCount !== 1) return false;
  await unpublishRecords(tx, pack);
  await uncover(tx, pack);
  return true;
}
