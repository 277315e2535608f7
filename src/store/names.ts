/** Names of zones across all accounts: who has them, had them, or may have them next. */
import { after, type Seconds } from '../kit/time.ts';
import { isWildcard, withoutWildcard } from '../pack/hosts.ts';
import type { PackZone } from '../pack/pack.ts';
import { reverse, suffixesOf } from './published-records.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/**
 * Lets one transaction at a time make zones in a registered domain, until it ends: of two that are made at once, one above
 * the other, neither would see the other.
 */
export async function lockDomain(tx: Tx, domain: string, now: Date): Promise<void> {
  await execute(tx, LOCK, { domain, now });
}

const LOCK = statement(`
  insert into domains (name, used_on) values (:domain, :now)
  on conflict (name) do update set used_on = greatest(domains.used_on, excluded.used_on)`);

/** A name that an account asks for. */
export interface NameAsked {
  readonly accountId: string;
  readonly name: string;
  /** The registered domain that it lies in. */
  readonly domain: string;
  readonly rest: Seconds;
}

/** What stands in the way of a new zone. */
export interface NameSeen {
  /** Whether the account has a zone of that name. */
  readonly isOwn: boolean;
  /** Whether another account has an active zone of that name, above or below it, or one that was active. */
  readonly isHeld: boolean;
  /** Whether another account gave such a name up, and it rests. */
  readonly isResting: boolean;
  /** Id of the account that was made first. */
  readonly first: string | undefined;
}

/** Looks at all that may stand in the way of a zone, whatever is found first: the answer takes as long as that. */
export async function lookAtName(
  tx: Tx,
  { accountId, name, domain, rest }: NameAsked,
  now: Date,
): Promise<NameSeen> {
  const reversed = reverse(name);
  const { rows } = await execute<NameRow>(tx, LOOK, {
    account: accountId,
    name,
    domain,
    suffixes: suffixesOf(name),
    below: `${reversed}.`,
    beyond: `${reversed}/`,
    since: after(now, -rest),
  });
  const [row] = rows;
  return {
    isOwn: row?.is_own ?? false,
    isHeld: row?.is_held ?? false,
    isResting: row?.is_resting ?? false,
    first: row?.first ?? undefined,
  };
}

interface NameRow {
  is_own: boolean;
  is_held: boolean;
  is_resting: boolean;
  first: string | null;
}

const LOOK = statement(`
  select exists (select from zone_names where name = :name and account_id = :account) as is_own,
         exists (select from zone_names
                  where account_id <> :account and is_holder
                    and (name = any(:suffixes) or reversed > :below and reversed < :beyond)) as is_held,
         exists (select from names_given_up
                  where domain = :domain and account_id <> :account and given_up_on > :since
                    and (name = any(:suffixes) or right(name, length(:name) + 1) = '.' || :name)) as is_resting,
         (select id from accounts order by created_on, id limit 1) as first`);

/** Id of the account that was made first; undefined: there is none yet. */
export async function getFirstAccount(db: Db): Promise<string | undefined> {
  const { rows } = await execute<{ id: string }>(db, FIRST, {});
  return rows[0]?.id;
}

const FIRST = statement('select id from accounts order by created_on, id limit 1');

/** Notes that an account gave up the name of a zone; from then on it rests. */
export async function giveUpName(
  tx: Tx,
  { accountId, name, domain }: Omit<NameAsked, 'rest'>,
  now: Date,
): Promise<void> {
  await execute(tx, GIVE_UP, { domain, name, account: accountId, now });
}

const GIVE_UP = statement(`
  insert into names_given_up (domain, name, account_id, given_up_on) values (:domain, :name, :account, :now)
  on conflict (domain, name, account_id) do update set given_up_on = excluded.given_up_on`);

/** Notes that an account has a name again that it gave up. */
export async function takeUpName(
  tx: Tx,
  { accountId, name, domain }: Omit<NameAsked, 'rest'>,
): Promise<void> {
  await execute(tx, TAKE_UP, { domain, name, account: accountId });
}

const TAKE_UP = statement(
  'delete from names_given_up where domain = :domain and name = :name and account_id = :account',
);

/** Ends the rest of a name: control of it was shown. */
export async function endRest(tx: Tx, { name, domain }: Pick<NameAsked, 'name' | 'domain'>): Promise<void> {
  await execute(tx, END_REST, { name, domain });
}

const END_REST = statement('delete from names_given_up where domain = :domain and name = :name');

/** Forgets names that were given up before `before`, and domains in which no zone was made since. */
export async function purgeNames(db: Db, before: Date): Promise<void> {
  await execute(db, PURGE_NAMES, { before });
  await execute(db, PURGE_DOMAINS, { before });
}

const PURGE_NAMES = statement('delete from names_given_up where given_up_on < :before');
const PURGE_DOMAINS = statement('delete from domains where used_on < :before');

/** A zone that names of another lie in, or that a wildcard of the other covers. */
export interface DeeperZone {
  readonly name: string;
  readonly accountId: string;
}

/**
 * An active zone below `zone` that has a name of its, in A-labels, for itself, or is covered by it; undefined: there is none.
 * One that nobody proved keeps no name from the zone above. Of other accounts alone, where that is asked.
 */
export async function getDeeperZone(
  db: Db,
  { id, name, accountId }: Pick<PackZone, 'id' | 'name' | 'accountId'>,
  names: readonly string[],
  whose: 'any' | 'others' = 'any',
): Promise<DeeperZone | undefined> {
  const suffixes = names.map(withoutWildcard).flatMap(suffixesOf);
  const above = suffixes.filter((one) => one.endsWith(`.${name}`));
  const below = names.filter(isWildcard).map((one) => `${reverse(withoutWildcard(one))}.`);
  if (above.length + below.length === 0) return undefined;
  const values = { id, above, below, spared: whose === 'others' ? accountId : '' };
  const { rows } = await execute<{ name: string; account_id: string }>(db, DEEPER, values);
  const [row] = rows;
  return row && { name: row.name, accountId: row.account_id };
}

// How many names there are is hidden from the planner: it would plan anew for each number. '/' follows '.' in the C
// collation; a wildcard covers one label.
const DEEPER = statement(`
  select name, account_id from zone_names
   where zone_id <> :id and account_id <> :spared and name = any((select :above::text[])::text[]) and is_active
  union all
  select name, account_id from unnest((select :below::text[])) as wildcard (prefix)
    join zone_names on reversed > prefix and reversed < left(prefix, -1) || '/'
   where account_id <> :spared and position('.' in substr(reversed, length(prefix) + 1)) = 0 and is_active
   limit 1`);
