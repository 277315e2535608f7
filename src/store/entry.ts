/** Who asks for what: looked up by one statement at the door of the API. */
import type { ZoneType } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { hashOf, isGood, type Token, type TokenRow, toToken } from './tokens.ts';
import type { Zone } from './zones.ts';

/** A token, and the zone of its account that is asked for. */
export interface Entry {
  readonly token: Token;
  /** Undefined where the account has none of that id, or none is asked for. */
  readonly zone: Zone | undefined;
}

interface EntryRow extends TokenRow {
  zone_id: string | null;
  account_name: string;
  zone_name: string;
  zone_type: ZoneType;
  delegation_uuid: string;
  created_on: Date;
  modified_on: Date;
}

/** The token with that secret, with a zone by its id; undefined where there is no such token, or it is not good now. */
export async function getEntry(
  db: Db,
  { secret, zoneId }: { readonly secret: string; readonly zoneId: string | undefined },
  now: Date,
): Promise<Entry | undefined> {
  const { rows } = await execute<EntryRow>(db, GET, { hash: hashOf(secret), now, zone: zoneId ?? null });
  const [row] = rows;
  return row && { token: toToken(row), zone: toZone(row) };
}

const GET = statement(`
  select tokens.id, tokens.account_id, tokens.name, access, zones, zone.id as zone_id, accounts.name as account_name,
         zone.name as zone_name, zone.type as zone_type, zone.delegation_uuid, zone.created_on, zone.modified_on
    from tokens
    join accounts on accounts.id = tokens.account_id
    left join zones as zone
      on zone.id = :zone and zone.account_id = tokens.account_id and zone.deleted_on is null
   where hash = :hash and ${isGood(':now')}`);

const toZone = (row: EntryRow): Zone | undefined =>
  row.zone_id === null
    ? undefined
    : {
        id: row.zone_id,
        accountId: row.account_id,
        accountName: row.account_name,
        name: row.zone_name,
        type: row.zone_type,
        delegationUuid: row.delegation_uuid,
        createdOn: row.created_on,
        modifiedOn: row.modified_on,
      };
