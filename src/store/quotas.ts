/** What an account has, counted where a quota is to be held. */
import { after, type Seconds } from '../kit/time.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import { facetsOf, slotsFor } from '../pack/list-index.ts';
import { PACK_STATUSES, PACK_TYPES, type PackStatus } from '../pack/pack.ts';
import { TYPES } from '../pack/type.ts';
import { reverse } from './published-records.ts';
import { type Statement, statement, type Values } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { IN_ZONE, zoneKey } from './zone-key.ts';

/** Lets one transaction at a time count what an account has, and add to it, until it ends. */
export async function lockAccount(tx: Tx, accountId: string): Promise<void> {
  await execute(tx, LOCK, { account: accountId });
}

const LOCK = statement('select from accounts where id = :account for no key update');

async function count(db: Db, what: Statement, values: Values): Promise<number> {
  const { rows } = await execute<{ n: number }>(db, what, values);
  return rows[0]?.n ?? 0;
}

/** Its zones, and those that it deleted and whose names still rest. */
export const countZones = (
  tx: Tx,
  accountId: string,
  { rest, now }: { readonly rest: Seconds; readonly now: Date },
): Promise<number> => count(tx, ZONES, { account: accountId, since: after(now, -rest) });

const ZONES = statement(`
  select (select count(*) from zones where account_id = :account and deleted_on is null)::int
       + (select count(*) from names_given_up where account_id = :account and given_up_on > :since)::int as n`);

const STAYING = PACK_STATUSES.filter((status) => !isLeaving(status));

/** Its packs but for those that are leaving, and those that no quota counts. */
export const countPacks = (db: Db, accountId: string): Promise<number> =>
  count(db, PACKS, {
    account: accountId,
    slots: slotsFor(STAYING),
    staying: STAYING,
    facets: FACETS_NOT_COUNTED,
    not_counted: NOT_COUNTED,
  });

/** Types of packs that no quota counts; nor does any count backups. */
const NOT_COUNTED = PACK_TYPES.filter((type) => !TYPES[type].isCounted);
const ANY_PLACE = { environment: undefined, certificateAuthority: undefined } as const;
const FACETS_NOT_COUNTED = STAYING.flatMap((status) =>
  NOT_COUNTED.flatMap((type) => facetsOf({ status, type, ...ANY_PLACE }) ?? []),
);

const OF_VISIBLE_ZONE =
  'exists (select from zones where zones.cell = packs.cell and zones.id = zone_id and deleted_on is null)';

// Each by an index of its own.
const PACKS = statement(`
  select ((select coalesce(sum(counts[slot]), 0) from zones cross join unnest(:slots::int[]) as slot
            where account_id = :account and deleted_on is null)
        - (select count(*) from packs
            where account_id = :account and backup_of is not null and status = any(:staying)
              and type <> all(:not_counted) and ${OF_VISIBLE_ZONE})
        - (select count(*) from packs
            where account_id = :account and facet = any(:facets::int[]) and ${OF_VISIBLE_ZONE}))::int as n`);

/** Packs of a zone in some statuses, backups too. */
export const countZonePacks = (db: Db, zoneId: string, statuses: readonly PackStatus[]): Promise<number> =>
  count(db, ZONE_PACKS, { ...zoneKey(zoneId), slots: slotsFor(statuses) });

/** Packs of a zone but for those that are leaving, and those that no quota counts. */
export const countOwnPacks = async (db: Db, zoneId: string): Promise<number> =>
  (await countZonePacks(db, zoneId, STAYING)) -
  (await count(db, ZONE_NOT_COUNTED, { ...zoneKey(zoneId), staying: STAYING }));

// The types stand in the text: there is an index of these types alone, and one of backups.
const TYPES_NOT_COUNTED = `type in (${NOT_COUNTED.map((type) => `'${type}'`).join(', ')})`;
const ZONE_NOT_COUNTED = statement(`
  select ((select count(*) from packs
            where ${IN_ZONE} and backup_of is not null and status = any(:staying) and not ${TYPES_NOT_COUNTED})
        + (select count(*) from packs
            where ${IN_ZONE} and ${TYPES_NOT_COUNTED} and status = any(:staying)))::int as n`);

const ZONE_PACKS = statement(`
  select coalesce(sum(counts[slot]), 0)::int as n from zones cross join unnest(:slots::int[]) as slot
   where cell = :cell and id = :zone`);

/** Different hosts of the packs that its quota counts, and of `names` together. */
export const countHosts = (tx: Tx, accountId: string, names: readonly string[]): Promise<number> =>
  count(tx, HOSTS, {
    account: accountId,
    staying: STAYING,
    not_counted: NOT_COUNTED,
    reversed: names.map(reverse),
  });

const HOSTS = statement(`
  select count(*)::int as n from (
    select reversed from pack_hosts
      join packs on packs.cell = pack_hosts.cell and packs.zone_id = pack_hosts.zone_id and packs.ord = pack_hosts.ord
     where pack_hosts.account_id = :account and status = any(:staying) and type <> all(:not_counted)
    union select unnest(:reversed::text[])) as hosts`);

/** Its tokens, good or not. */
export const countTokensOf = (tx: Tx, accountId: string): Promise<number> =>
  count(tx, TOKENS, { account: accountId });

const TOKENS = statement('select count(*)::int as n from tokens where account_id = :account');
