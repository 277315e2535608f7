/** Custom hostnames with the pack that each has, and lists of them. */
import type { CustomHostname, HostnameStatus } from '../pack/custom-hostname.ts';
import type { CertificateAuthority, PackStatus } from '../pack/pack.ts';
import { HOSTNAME_COLUMNS, type HostnameRow, toHostname } from './custom-hostnames.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { zoneKey } from './zone-key.ts';

/** What is told of a certificate beside the JSON of its pack. */
export interface IssuedFact {
  readonly id: string;
  /** Decimal. */
  readonly serial: string;
  readonly fingerprint: string;
  /** RFC 3339. */
  readonly issuedOn: string;
}

/** A hostname and its current pack: JSON as the API has it, what was uploaded or issued. Undefined: it has no certificate. */
export interface ShownHostname {
  readonly hostname: CustomHostname;
  readonly pack:
    | { readonly json: string; readonly type: string; readonly issued: readonly IssuedFact[] }
    | undefined;
}

interface ShownRow extends HostnameRow {
  wire: string | null;
  type: string | null;
  issued: { id: string; serial: string; fingerprint: string; issued_on: string }[] | null;
}

const SHOWN = `${HOSTNAME_COLUMNS}, packs.wire, packs.type, (
  select json_agg(json_build_object('id', id, 'serial', serial, 'fingerprint', fingerprint, 'issued_on', not_before))
    from certificates
   where certificates.cell = packs.cell and certificates.zone_id = packs.zone_id and certificates.pack_id = packs.id) as issued`;
const OF_ZONE = 'custom_hostnames.cell = :cell and custom_hostnames.zone_id = :zone';
const FROM = `custom_hostnames
  left join custom_hostname_packs as own
    on own.cell = custom_hostnames.cell and own.zone_id = custom_hostnames.zone_id
   and own.hostname_id = custom_hostnames.id and own.is_current
  left join packs on packs.cell = own.cell and packs.zone_id = own.zone_id and packs.id = own.pack_id`;

const toShown = (row: ShownRow): ShownHostname => ({
  hostname: toHostname(row),
  pack:
    row.wire === null
      ? undefined
      : {
          json: row.wire,
          type: row.type ?? '',
          issued: (row.issued ?? []).map(({ issued_on: issuedOn, ...one }) => ({
            ...one,
            serial: BigInt(`0x${one.serial}`).toString(),
            issuedOn,
          })),
        },
});

/** A hostname with its pack; undefined where the zone has none of that id. */
export async function getShownHostname(
  db: Db,
  zoneId: string,
  id: string,
): Promise<ShownHostname | undefined> {
  const { rows } = await execute<ShownRow>(db, GET, { ...zoneKey(zoneId), id });
  return rows[0] && toShown(rows[0]);
}

const GET = statement(`select ${SHOWN} from ${FROM} where ${OF_ZONE} and custom_hostnames.id = :id`);

/** Which hostnames of a zone are meant; of what is left out, all. Those that are leaving are told where their status is asked for. */
export interface HostnameFilter {
  readonly zoneId: string;
  readonly id?: string | undefined;
  /** In A-labels, as the next ones. */
  readonly exact?: string | undefined;
  readonly startsWith?: string | undefined;
  readonly contains?: string | undefined;
  readonly sslStatus?: PackStatus | undefined;
  readonly status?: HostnameStatus | undefined;
  readonly certificateAuthority?: CertificateAuthority | undefined;
  readonly wildcard?: boolean | undefined;
  readonly originServer?: string | undefined;
  /** Whether it has a certificate. */
  readonly hasSsl?: boolean | undefined;
}

/** Which part of a list, in which order. */
export interface HostnamePage {
  readonly page: number;
  readonly perPage: number;
  readonly order: 'age' | 'ssl' | 'ssl_status';
  readonly isDescending: boolean;
}

/** A page of a zone's hostnames with the number of all that match, as they are at one moment. */
export async function listShownHostnames(
  db: Db,
  filter: HostnameFilter,
  { page, perPage, order, isDescending }: HostnamePage,
): Promise<{ readonly hostnames: readonly ShownHostname[]; readonly total: number }> {
  const list = LISTS[order][isDescending ? 'desc' : 'asc'];
  const { rows } = await execute<ShownRow & { total: number; matching: string | null }>(db, list, {
    ...zoneKey(filter.zoneId),
    id: filter.id,
    exact: filter.exact,
    starts: filter.startsWith,
    contains: filter.contains,
    ssl_status: filter.sslStatus,
    status: filter.status,
    ca: filter.certificateAuthority,
    wildcard: filter.wildcard,
    origin: filter.originServer,
    has_ssl: filter.hasSsl,
    most: perPage,
    before: (page - 1) * perPage,
  });
  return {
    hostnames: rows.filter(({ matching }) => matching !== null).map(toShown),
    total: rows[0]?.total ?? 0,
  };
}

const MATCHES = `${OF_ZONE}
     and (:id::uuid is null or custom_hostnames.id = :id::uuid)
     and (:exact::text is null or hostname = :exact::text)
     and (:starts::text is null or starts_with(hostname, :starts::text))
     and (:contains::text is null or strpos(hostname, :contains::text) > 0)
     and (:ssl_status::text is null or packs.status = :ssl_status::text)
     and (:status::text is null and custom_hostnames.deleted_on is null or custom_hostnames.status = :status::text)
     and (:ca::text is null or packs.certificate_authority = :ca::text)
     and (:wildcard::boolean is null or wildcard = :wildcard::boolean)
     and (:origin::text is null or origin_server = :origin::text)
     and (:has_ssl::boolean is null or (packs.id is not null) = :has_ssl::boolean)`;

/** By what a list goes: `key` is of the row, and after it its age. */
const listBy = (key: string, direction: 'asc' | 'desc') =>
  statement(`
    with matched as (
      select custom_hostnames.id as matching, ${key} as key, custom_hostnames.ord as place from ${FROM} where ${MATCHES}),
    page as (select * from matched order by key ${direction}, place ${direction} limit :most offset :before)
    select total, page.matching, ${SHOWN}
      from (select count(*)::int as total from matched) as counted
      left join page on true
      left join custom_hostnames on ${OF_ZONE} and custom_hostnames.id = page.matching
      left join custom_hostname_packs as own on own.cell = :cell and own.zone_id = :zone and own.hostname_id = page.matching and own.is_current
      left join packs on packs.cell = :cell and packs.zone_id = :zone and packs.id = own.pack_id
     order by page.key ${direction}, page.place ${direction}`);

const both = (key: string) => ({ asc: listBy(key, 'asc'), desc: listBy(key, 'desc') });
const LISTS = {
  age: both('0'),
  ssl: both('packs.id is not null'),
  ssl_status: both("coalesce(packs.status, '')"),
} as const;
