/** What accounts have, counted anew where a version of this program changed packs that does not know these counts. */
import { accountSlotsOf, type CountedPack } from '../pack/account-slots.ts';
import { type Cause, type Mover, whoseMove } from '../pack/found.ts';
import type { CertificateAuthority, Environment, PackStatus, PackType } from '../pack/pack.ts';
import { tallied } from './account-counts.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Pool, transaction } from './store.ts';
import { EVERY_CELL, inCells } from './zone-key.ts';

/** A part of an account: zones whose ids begin with the same byte. */
export interface AccountPart {
  readonly cell: number;
  readonly accountId: string;
  readonly part: number;
}

/** Ids of accounts that follow one, in their order; '': from the first. */
export async function listAccountIds(db: Db, last: string, limit: number): Promise<string[]> {
  const { rows } = await execute<{ id: string }>(db, ACCOUNTS, { last, limit });
  return rows.map(({ id }) => id);
}

const ACCOUNTS = statement('select id from accounts where id > :last order by id limit :limit');

/** The parts of an account in which it has zones, or counts. */
export async function listParts(db: Db, accountId: string): Promise<AccountPart[]> {
  const values = { account: accountId, cells: EVERY_CELL };
  const { rows } = await execute<{ cell: number; part: number }>(db, PARTS, values);
  return rows.map((row) => ({ ...row, accountId }));
}

const PARTS_OF_CELL = 8;
const PARTS = statement(`
  select cell, (('x' || left(id, 2))::bit(8)::int & 7)::smallint as part from zones where account_id = :account
  union
  select cell, part from account_counts where ${inCells('account_counts')} and account_id = :account`);

/** Puts the counts of a part right; by how many they were wrong. Only one process at a time: two would both mend it. */
export async function recountPart(pool: Pool, { cell, accountId, part }: AccountPart): Promise<number> {
  const byte = cell * PARTS_OF_CELL + part;
  const low = byte.toString(16).padStart(2, '0');
  const key = {
    cell,
    account: accountId,
    part,
    low,
    high: byte === 255 ? 'g' : (byte + 1).toString(16).padStart(2, '0'),
  };
  // Packs and counts of one instant: each change writes both.
  const wrong = await transaction(pool, async (tx) => {
    await tx.query('set transaction isolation level repeatable read');
    const sums = new Map<number, number>();
    const packs = await execute<Row>(tx, PACKS, key);
    for (const row of packs.rows)
      for (const slot of accountSlotsOf(toCounted(row))) sums.set(slot, (sums.get(slot) ?? 0) + 1);
    const counts = await execute<{ slot: number; n: number }>(tx, COUNTS, key);
    for (const { slot, n } of counts.rows) sums.set(slot, (sums.get(slot) ?? 0) - n);
    return [...sums].filter(([, n]) => n !== 0).toSorted(([a], [b]) => a - b);
  });
  if (wrong.length === 0) return 0;
  await execute(pool, MEND, { ...key, slots: wrong.map(([slot]) => slot), ns: wrong.map(([, n]) => n) });
  return wrong.reduce((sum, [, n]) => sum + Math.abs(n), 0);
}

interface Row {
  status: PackStatus;
  environment: Environment;
  type: PackType;
  certificate_authority: CertificateAuthority | null;
  expires_on: Date | null;
  is_renewing: boolean;
  is_clean: boolean;
  cause: Cause | null;
  whose: Mover | null;
}

const toCounted = (row: Row): CountedPack => ({
  status: row.status,
  environment: row.environment,
  type: row.type,
  certificateAuthority: row.certificate_authority ?? undefined,
  end: row.expires_on ?? undefined,
  isRenewing: row.is_renewing,
  isClean: row.is_clean,
  mover: row.cause ? whoseMove({ cause: row.cause, whose: row.whose ?? undefined }) : undefined,
});

// What was found is over with the next write of the pack, also with one that does not know of it: src/store/pack-row.ts.
const PACKS = statement(`
  select status, environment, type, certificate_authority, expires_on, coalesce(renewal ? 'course', false) as is_renewing,
         validation_errors = '[]' as is_clean, present ->> 'cause' as cause,
         present ->> 'whose' as whose
    from packs
   cross join lateral (
     select case when (found ->> 'on')::timestamptz = date_trunc('milliseconds', modified_on) then found end as present) as of_now
   where cell = :cell and zone_id >= :low and zone_id < :high and account_id = :account`);
const COUNTS = statement(
  'select slot, n from account_counts where cell = :cell and account_id = :account and part = :part',
);
const MEND = statement(`with once as (select), ${tallied('once')} select from once`);
