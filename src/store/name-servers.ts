/** Which name servers zones of a name have, or had: no two have the same. */
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { zoneKey } from './zone-key.ts';

/** A name, and the account that asks for it. */
export interface NameServersAsked {
  readonly name: string;
  readonly accountId: string;
}

/** Sets of name servers that other accounts have, or had, for a name. */
export async function listSetsTaken(
  db: Db,
  { name, accountId }: NameServersAsked,
): Promise<readonly (readonly string[])[]> {
  const { rows } = await execute<{ name_servers: string[] }>(db, TAKEN, { name, account: accountId });
  return rows.map(({ name_servers }) => name_servers);
}

const TAKEN = statement(`
  select zones.name_servers from zone_names
    join zones on zones.cell = zone_names.cell and zones.id = zone_names.zone_id
   where zone_names.name = :name and zone_names.account_id <> :account and zones.name_servers is not null
  union all
  select name_servers from name_servers_used where name = :name and account_id <> :account`);

/** Notes the name servers of a zone that goes, or has others: its name may stay delegated to them. */
export async function noteSetUsed(
  tx: Tx,
  { name, accountId }: NameServersAsked,
  nameServers: readonly string[],
): Promise<void> {
  await execute(tx, NOTE, { name, account: accountId, name_servers: nameServers });
}

const NOTE = statement(`
  insert into name_servers_used (name, account_id, name_servers) values (:name, :account, :name_servers)
  on conflict do nothing`);

/** How a zone is to be reached, where it is `full`. */
export interface Reached {
  readonly type: 'full' | 'partial';
  readonly nameServers: readonly string[] | undefined;
  readonly wantsText: boolean;
  /** When its TXT record was seen: one that was shown as a `partial` zone counts. */
  readonly textShownOn: Date | undefined;
}

/** Writes of which type a zone is, and its name servers; what is rendered of its packs by the other type is rendered again. */
export async function putType(
  tx: Tx,
  { id, name }: { readonly id: string; readonly name: string },
  { type, nameServers, wantsText, textShownOn }: Reached,
): Promise<void> {
  const key = zoneKey(id);
  await execute(tx, PUT_TYPE, {
    ...key,
    type,
    name_servers: nameServers ?? null,
    wants_text: wantsText,
    text_shown_on: textShownOn ?? null,
  });
  await execute(tx, PUT_TYPE_OF_NAME, { zone: id, name, type });
  await execute(tx, RENDER_AGAIN, key);
}

const PUT_TYPE = statement(`
  update zones set type = :type, name_servers = :name_servers, wants_text = :wants_text, text_shown_on = :text_shown_on,
         looks = 0, failing_since = null, absent_since = null
   where cell = :cell and id = :zone`);
const PUT_TYPE_OF_NAME = statement(
  'update zone_names set type = :type where name = :name and zone_id = :zone',
);
const RENDER_AGAIN = statement('update packs set wire_version = 0 where cell = :cell and zone_id = :zone');
