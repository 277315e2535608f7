/** What an account has, in numbers: from counts that every change keeps, and from what is late. */
import { FACETS_END, RENEWING, WEEKS_BEGIN } from '../pack/account-slots.ts';
import { isIssued } from '../pack/lifecycle.ts';
import { countIn, kindOf } from '../pack/list-index.ts';
import { type CertificateAuthority, PACK_STATUSES, type PackStatus } from '../pack/pack.ts';
import { MOST_FACET, PRESENT } from './list/account-queries.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { EVERY_CELL, inCells, zoneKey } from './zone-key.ts';

/** Packs of an account, counted. */
export interface AccountCounts {
  readonly statuses: ReadonlyMap<PackStatus, number>;
  readonly authorities: ReadonlyMap<CertificateAuthority, number>;
  /** All that was counted, by slot. */
  readonly slots: ReadonlyMap<number, number>;
  readonly renewing: number;
  /** Packs whose first certificate ends in a week, by its number; of those that were asked for. */
  readonly weeks: ReadonlyMap<number, number>;
}

/** Weeks by their number, both included. */
export interface Weeks {
  readonly first: number;
  readonly last: number;
}

/** The counts of an account. */
export async function countAccount(db: Db, accountId: string, weeks: Weeks): Promise<AccountCounts> {
  const { rows } = await execute<{ slot: number; n: number }>(db, COUNTS, {
    cells: EVERY_CELL,
    account: accountId,
    first: WEEKS_BEGIN + weeks.first,
    last: WEEKS_BEGIN + weeks.last,
  });
  const bySlot = new Map(rows.map(({ slot, n }) => [slot, n] as const));
  const [statuses, authorities] = [new Map<PackStatus, number>(), new Map<CertificateAuthority, number>()];
  for (const [slot, n] of bySlot) {
    if (slot >= FACETS_END) continue;
    const { status, certificateAuthority: ca } = kindOf(slot);
    statuses.set(status, (statuses.get(status) ?? 0) + n);
    if (ca) authorities.set(ca, (authorities.get(ca) ?? 0) + n);
  }
  return {
    statuses,
    authorities,
    slots: bySlot,
    renewing: bySlot.get(RENEWING) ?? 0,
    weeks: new Map(
      [...bySlot].filter(([slot]) => slot >= WEEKS_BEGIN).map(([slot, n]) => [slot - WEEKS_BEGIN, n]),
    ),
  };
}

const COUNTS = statement(`
  select slot, sum(n)::int as n from account_counts
   where ${inCells('account_counts')} and account_id = :account
     and (slot < ${WEEKS_BEGIN} or slot between :first and :last)
   group by slot`);

/** A pack that is past the time of its renewal by much. */
export interface PackAtRisk {
  readonly id: string;
  readonly zoneId: string;
  readonly zoneName: string;
  readonly hosts: readonly string[];
  readonly status: PackStatus;
  readonly certificateAuthority: CertificateAuthority;
  readonly renewOn: Date;
  readonly endsOn: Date;
  /** Part of its certificate's life that is left; below 0 once that ended. */
  readonly lifeLeft: number;
}

/** What of an account's renewals is late. */
export interface LateRenewals {
  /** Packs that are past the time of their renewal, and have not been renewed. */
  readonly overdue: number;
  /** Those of them that are past it by a tenth of the life of their certificate. */
  readonly atRisk: number;
  /** Whether there are more: not all were counted. */
  readonly isAtLeast: boolean;
  /** Of those that were counted the ones with the least life left, these first. */
  readonly worst: readonly PackAtRisk[];
}

/** Most renewals that are counted for one answer; a row is read of each. */
const MOST_COUNTED = 10_000;
const WORST = 10;

/** The renewals of an account that are late at `now`. */
export async function listLateRenewals(db: Db, accountId: string, now: Date): Promise<LateRenewals> {
  const { rows } = await execute<LateRow>(db, LATE, { account: accountId, now });
  const { overdue = 0, at_risk: atRisk = 0 } = rows[0] ?? {};
  return {
    overdue: Math.min(overdue, MOST_COUNTED),
    atRisk: Math.min(atRisk, MOST_COUNTED),
    isAtLeast: overdue > MOST_COUNTED,
    worst: rows.flatMap((row) => (row.id === null ? [] : toPackAtRisk(row))),
  };
}

type LateRow = { overdue: number; at_risk: number } & ({ id: null } | WorstRow);

interface WorstRow {
  id: string;
  zone_id: string;
  zone_name: string;
  hosts: string[];
  status: PackStatus;
  certificate_authority: CertificateAuthority;
  renew_on: Date;
  ends_on: Date;
  life_left: number;
}

const toPackAtRisk = (row: WorstRow): PackAtRisk => ({
  id: row.id,
  zoneId: row.zone_id,
  zoneName: row.zone_name,
  hosts: row.hosts,
  status: row.status,
  certificateAuthority: row.certificate_authority,
  renewOn: row.renew_on,
  endsOn: row.ends_on,
  lifeLeft: row.life_left,
});

/** A tenth of a pack's life lies between the time of its renewal and that of its risk. */
const LATE = statement(`
  with late as materialized (
    select cell, zone_id, ord, renew_on, risk_on, ends_on from pack_renewals
     where account_id = :account and renew_on < :now order by renew_on limit ${MOST_COUNTED + 1}),
  counted as (
    select count(*)::int as overdue, (count(*) filter (where risk_on < :now))::int as at_risk from late),
  worst as (
    select *, date_part('epoch', ends_on - :now::timestamptz)
                / greatest(date_part('epoch', risk_on - renew_on) * 10, 1) as life_left
      from late where risk_on < :now order by life_left limit ${WORST}),
  named as (
    select packs.id, packs.zone_id, zones.name as zone_name, packs.hosts, packs.status, packs.certificate_authority,
           worst.renew_on, worst.ends_on, worst.life_left
      from worst
      join packs on packs.cell = worst.cell and packs.zone_id = worst.zone_id and packs.ord = worst.ord
      join zones on zones.cell = worst.cell and zones.id = worst.zone_id and zones.deleted_on is null)
  select counted.*, named.* from counted left join named on true order by named.life_left`);

/** When the first certificate of an account's packs ends that is in use or may be, by the CA that they are renewed at. */
export async function listSoonestEnds(db: Db, accountId: string): Promise<Map<CertificateAuthority, Date>> {
  const values = { account: accountId, least: 0, most: MOST_FACET, facets: null };
  const { rows } = await execute<{ facet: number; ends_on: Date | null }>(db, SOONEST, values);
  const ends = new Map<CertificateAuthority, Date>();
  for (const { facet, ends_on: end } of rows) {
    const { status, certificateAuthority: ca } = kindOf(facet);
    const known = ca && ends.get(ca);
    if (ca && end && isIssued(status) && (!known || end < known)) ends.set(ca, end);
  }
  return ends;
}

const SOONEST = statement(`
  with recursive ${PRESENT}
  select facet, (
      select expires_on from packs
       where account_id = :account and packs.facet = wanted.facet and expires_on is not null
       order by expires_on limit 1) as ends_on
    from wanted where facet is not null`);

/** How many packs a zone has in each status. */
export async function countZone(db: Db, zoneId: string): Promise<Map<PackStatus, number>> {
  const { rows } = await execute<{ counts: number[] }>(db, ZONE, zoneKey(zoneId));
  const { counts = [] } = rows[0] ?? {};
  return new Map(PACK_STATUSES.map((status) => [status, countIn(counts, status)]));
}

const ZONE = statement('select counts from zones where cell = :cell and id = :zone');
