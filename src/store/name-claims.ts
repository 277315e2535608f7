/** Who has a name among the zones that claim it, and how it goes from one to another. */
import { after } from '../kit/time.ts';
import type { PackZone } from '../pack/pack.ts';
import { CHALLENGE_LIFE } from '../pack/zone-life.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { IN_ZONE, zoneKey } from './zone-key.ts';
import { wantLook } from './zone-life.ts';

const THIS = 'cell = :cell and id = :zone';

/** A zone that has a name. */
export interface Holder {
  readonly zoneId: string;
  readonly accountId: string;
}

/** The zone that has a name; undefined: none. */
export async function getHolder(db: Db, name: string): Promise<Holder | undefined> {
  const { rows } = await execute<{ zone_id: string; account_id: string }>(db, HOLDER, { name });
  return rows[0] && { zoneId: rows[0].zone_id, accountId: rows[0].account_id };
}

const HOLDER = statement('select zone_id, account_id from zone_names where name = :name and is_holder');

/** The zone of type `full` that has the longest of these names; undefined: none of them is had by such a one. */
export async function getHolderAbove(
  db: Db,
  names: readonly string[],
): Promise<(Holder & Pick<PackZone, 'name'>) | undefined> {
  const { rows } = await execute<{ zone_id: string; account_id: string; name: string }>(db, ABOVE, { names });
  return rows[0] && { zoneId: rows[0].zone_id, accountId: rows[0].account_id, name: rows[0].name };
}

const ABOVE = statement(`
  select zone_id, account_id, name from zone_names
   where name = any(:names) and is_holder and type = 'full' order by length(name) desc limit 1`);

/** The zone that has the longest of these names, of whatever type; undefined: none of them is had. */
export async function getHolderOf(
  db: Db,
  names: readonly string[],
): Promise<(Holder & { readonly isActive: boolean }) | undefined> {
  const { rows } = await execute<{ zone_id: string; account_id: string; is_active: boolean }>(db, HOLDING, {
    names,
  });
  const [row] = rows;
  return row && { zoneId: row.zone_id, accountId: row.account_id, isActive: row.is_active };
}

const HOLDING = statement(`
  select zone_id, account_id, is_active from zone_names
   where name = any(:names) and is_holder order by length(name) desc limit 1`);

/** Name servers that a zone's records hand a name of it to. */
export async function listDelegatedTo(db: Db, zoneId: string, name: string): Promise<string[]> {
  const { rows } = await execute<{ content: string }>(db, DELEGATED_TO, { ...zoneKey(zoneId), name });
  return rows.map(({ content }) => content);
}

const DELEGATED_TO = statement(
  `select content from dns_records where ${IN_ZONE} and name = :name and type = 'NS'`,
);

/** Gives a zone its name, which nobody else has. */
export async function gainName(
  tx: Tx,
  { id, name }: Pick<PackZone, 'id' | 'name'>,
  now: Date,
): Promise<void> {
  await execute(tx, HOLD_NAME, { name, zone: id });
  await execute(tx, GAIN, { ...zoneKey(id), now });
  for (const other of await listClaims(tx, name)) await execute(tx, FORGET_TEXT, zoneKey(other));
}

/** What others showed before is nothing against who has the name by now. */
const FORGET_TEXT = statement(`update zones set text_shown_on = null where ${THIS}`);

const HOLD_NAME = statement(
  'update zone_names set is_holder = true, is_active = true where name = :name and zone_id = :zone',
);
const GAIN = statement(`
  update zones set status = 'active', has_name = true, activated_on = :now, modified_on = :now, version = version + 1
   where ${THIS}`);

/** Takes its name from a zone that is not active: another has shown control of it. */
export async function loseName(
  tx: Tx,
  { id, name }: Pick<PackZone, 'id' | 'name'>,
  now: Date,
): Promise<void> {
  await execute(tx, LET_GO, { name, zone: id });
  await execute(tx, LOSE, { ...zoneKey(id), now });
}

const LET_GO = statement(
  'update zone_names set is_holder = false, is_active = false where name = :name and zone_id = :zone',
);
const LOSE = statement(`
  update zones set has_name = false, text_shown_on = null, modified_on = :now, version = version + 1 where ${THIS}`);

/**
 * Notes that another zone of its name showed control. With the first time, the one that has it is looked at now, and how
 * long it does not show control is counted from then on.
 */
export async function challenge(tx: Tx, holderId: string, now: Date): Promise<void> {
  await execute(tx, CHALLENGE, { ...zoneKey(holderId), now, over: after(now, -CHALLENGE_LIFE) });
}

const CHALLENGE = statement(`
  update zones
     set challenged_on = :now,
         absent_since = case when challenged_on > :over then absent_since end,
         look_at = case when challenged_on > :over then coalesce(look_at, :now) else :now end
   where ${THIS} and not is_deactivated`);

/** Notes that a zone is not active any more: it keeps its name, and keeps none of the names below it from the zone above. */
export async function noteMoved(tx: Tx, { id, name }: Pick<PackZone, 'id' | 'name'>): Promise<void> {
  await execute(tx, MOVED, { name, zone: id });
}

const MOVED = statement('update zone_names set is_active = false where name = :name and zone_id = :zone');

/** Has zones that claim a name, and do not have it, looked at now: it may have become free. */
export async function wakeClaims(tx: Tx, name: string, now: Date): Promise<void> {
  for (const id of await listClaims(tx, name)) await wantLook(tx, id, now);
}

async function listClaims(tx: Tx, name: string): Promise<string[]> {
  const { rows } = await execute<{ zone_id: string }>(tx, CLAIMS, { name });
  return rows.map(({ zone_id }) => zone_id);
}

/** More than claim a name in earnest; the oldest are not known. */
const MOST_WOKEN = 100;
const CLAIMS = statement(
  `select zone_id from zone_names where name = :name and not is_holder order by zone_id limit ${MOST_WOKEN}`,
);
