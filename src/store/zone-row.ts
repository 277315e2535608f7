/** A zone as its row has it, with the name of its account. */
import type { PackZone, ZoneStatus, ZoneType } from '../pack/pack.ts';

export interface Zone extends PackZone {
  readonly accountName: string;
  /** Whether the operator wants nothing more to be done for it. */
  readonly isDeactivated: boolean;
  /** The name servers that it is to be delegated to; undefined: all of the operator's. */
  readonly nameServers: readonly string[] | undefined;
  /** Those that it was delegated to before. */
  readonly originalNameServers: readonly string[] | undefined;
  /** Value of its TXT record. */
  readonly verificationKey: string;
  /** Whether it has to show the TXT record although it is `full`. */
  readonly wantsText: boolean;
  readonly activatedOn: Date | undefined;
  readonly createdOn: Date;
  readonly modifiedOn: Date;
}

/** What is read of a zone: by name, as a newer version of this program may add columns while this one runs. */
export const ZONE_COLUMNS = `zones.id as zone_id, zones.account_id as zone_account, accounts.name as account_name,
  zones.name as zone_name, zones.type as zone_type, zones.delegation_uuid, zones.status as zone_status, zones.is_paused,
  zones.has_name, zones.is_deactivated, zones.name_servers, zones.original_name_servers, zones.verification_key,
  zones.wants_text, zones.activated_on, zones.created_on as zone_created_on, zones.modified_on as zone_modified_on`;

export interface ZoneRow {
  zone_id: string;
  zone_account: string;
  account_name: string;
  zone_name: string;
  zone_type: ZoneType;
  delegation_uuid: string;
  zone_status: ZoneStatus;
  is_paused: boolean;
  has_name: boolean;
  is_deactivated: boolean;
  name_servers: string[] | null;
  original_name_servers: string[] | null;
  verification_key: string;
  wants_text: boolean;
  activated_on: Date | null;
  zone_created_on: Date;
  zone_modified_on: Date;
}

/** The zone of a row. */
export const toZone = (row: ZoneRow): Zone => ({
  id: row.zone_id,
  accountId: row.zone_account,
  accountName: row.account_name,
  name: row.zone_name,
  type: row.zone_type,
  delegationUuid: row.delegation_uuid,
  status: row.zone_status,
  isPaused: row.is_paused,
  hasName: row.has_name,
  isDeactivated: row.is_deactivated,
  nameServers: row.name_servers ?? undefined,
  originalNameServers: row.original_name_servers ?? undefined,
  verificationKey: row.verification_key,
  wantsText: row.wants_text,
  activatedOn: row.activated_on ?? undefined,
  createdOn: row.zone_created_on,
  modifiedOn: row.zone_modified_on,
});
