import type { CertificateAuthority, Pack, PackKey, PackStatus } from '../pack/pack.ts';
import { reverse } from './published-records.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Pool } from './store.ts';
import { IN_ZONE, zoneKey } from './zone-key.ts';

/** An account at a directory of a CA. */
export interface CaAccountKey {
  readonly ca: CertificateAuthority;
  /** Id of the account of ours that has it for itself; '' for the one of all. */
  readonly tenant: string;
  readonly isRsaDirectory: boolean;
}

/** Authorizations of an order of a pack. */
export interface PackAuthorizations extends CaAccountKey {
  readonly pack: PackKey;
  readonly given: readonly { readonly url: string; readonly name: string }[];
  /** Until when they are of use, as far as is known. */
  readonly until: Date;
}

const valuesOf = ({ pack, given, ca, tenant, isRsaDirectory, until }: PackAuthorizations) => ({
  ...zoneKey(pack.zone.id),
  ca,
  tenant,
  rsa: isRsaDirectory,
  until,
  urls: given.map(({ url }) => url),
  names: given.map(({ name }) => name),
});

/** Begins what stands for the URL of an authorization that the CA does not have: it wanted nothing shown. */
export const NOWHERE = 'none:';

/** A name that a zone has shown control of. */
export interface Shown {
  readonly name: string;
  readonly shownOn: Date;
  /** Id of the pack for which it was. */
  readonly shownFor: string;
}

/** What is known of authorizations when a CA gives them. */
export interface Known {
  /** URLs of those that were given to another zone before, or are to be given up. */
  readonly foreign: ReadonlySet<string>;
  /** What the zone itself has shown with that account at the CA. */
  readonly shown: readonly Shown[];
}

/** Notes to which zone a CA gave authorizations; what was known of them, and of the names that are wanted, before. */
export async function noteAuthorizations(
  db: Pool,
  authorizations: PackAuthorizations,
  { wanted, now }: { readonly wanted: readonly string[]; readonly now: Date },
): Promise<Known> {
  const values = { ...valuesOf(authorizations), wanted, now };
  const [{ rows }, { rows: others }] = await Promise.all([
    execute<KnownRow>(db, NOTE, values),
    execute<{ url: string }>(db, NOTE_URLS, values),
  ]);
  return {
    foreign: new Set([...others, ...rows].flatMap(({ url }) => url ?? [])),
    shown: rows.flatMap(toShown),
  };
}

interface KnownRow {
  url: string | null;
  name: string | null;
  shown_on: Date | null;
  shown_for: string | null;
}

const toShown = ({ name, shown_on, shown_for }: KnownRow): Shown[] =>
  name !== null && shown_on && shown_for ? [{ name, shownOn: shown_on, shownFor: shown_for }] : [];

/** What a zone itself has shown with an account at a CA, of some names. */
export async function listShown(
  db: Db,
  { zone }: Pick<PackKey, 'zone'>,
  { ca, tenant, isRsaDirectory, names }: CaAccountKey & { readonly names: readonly string[] },
  now: Date,
): Promise<Shown[]> {
  const values = { ...zoneKey(zone.id), ca, tenant, rsa: isRsaDirectory, wanted: names, now };
  const { rows } = await execute<KnownRow>(db, SHOWN, values);
  return rows.flatMap(toShown);
}

const OF_NAMES = `
  select name, max(shown_on) as shown_on, (array_agg(shown_for order by shown_on desc))[1] as shown_for
    from authorizations
   where ${IN_ZONE} and name = any(:wanted) and ca = :ca and tenant = :tenant and is_rsa_directory = :rsa
     and shown_on is not null and until > :now and due_on is null
   group by name`;

// A URL is noted for the zone that had it first: whether another one has it is found by the URL alone.
const NOTE_URLS = statement(`
  with noted as (
    insert into authorization_urls (url, cell, zone_id) select unnest(:urls::text[]), :cell, :zone
    on conflict (url) do nothing)
  select url from authorization_urls where url = any(:urls) and zone_id <> :zone`);

const NOTE = statement(`
  with noted as (
    insert into authorizations (url, cell, zone_id, ca, tenant, is_rsa_directory, name, until)
    select url, :cell, :zone, :ca, :tenant, :rsa, name, :until
      from unnest(:urls::text[], :names::text[]) as given (url, name)
    on conflict (cell, zone_id, url) do nothing)
  select url, null as name, null::timestamptz as shown_on, null::uuid as shown_for from authorizations
   where ${IN_ZONE} and url = any(:urls) and due_on is not null
  union all select null, name, shown_on, shown_for from (${OF_NAMES}) as shown`);

const SHOWN = statement(`select null as url, name, shown_on, shown_for from (${OF_NAMES}) as shown`);

/** Notes that control was seen of the names of some authorizations, for their pack; that is believed until they end. */
export async function noteShown(db: Db, authorizations: PackAuthorizations, now: Date): Promise<void> {
  const { given, pack } = authorizations;
  if (given.length > 0) await execute(db, NOTE_SHOWN, { ...valuesOf(authorizations), pack: pack.id, now });
}

const NOTE_SHOWN = statement(`
  insert into authorizations (url, cell, zone_id, ca, tenant, is_rsa_directory, name, until, shown_on, shown_for)
  select url, :cell, :zone, :ca, :tenant, :rsa, name, :until, :now, :pack
    from unnest(:urls::text[], :names::text[]) as given (url, name)
  on conflict (cell, zone_id, url) do update
     set shown_on = excluded.shown_on, shown_for = excluded.shown_for, until = excluded.until
   where authorizations.due_on is null`);

/** An authorization that is to be given up at its CA. */
export interface DueAuthorization extends CaAccountKey {
  readonly url: string;
  readonly zoneId: string;
  readonly name: string;
  /** How often the CA was asked without success. */
  readonly attempts: number;
}

/** Has all authorizations of a zone given up. */
export async function releaseZone(db: Db, zoneId: string, now: Date): Promise<void> {
  await execute(db, RELEASE_ZONE, { ...zoneKey(zoneId), now });
}

const RELEASE_ZONE = statement(`update authorizations set due_on = :now where ${IN_ZONE} and due_on is null`);

/** Has the authorizations of a pack's names given up, as far as no other pack of the zone that stays has the name. */
export async function releaseNames(
  db: Db,
  { id, zone }: Pick<Pack, 'id' | 'zone'>,
  what: { readonly names: readonly string[]; readonly leaving: readonly PackStatus[]; readonly now: Date },
): Promise<void> {
  const reversed = what.names.map(reverse);
  await execute(db, RELEASE_NAMES, { ...zoneKey(zone.id), pack: id, reversed, ...what });
}

const RELEASE_NAMES = statement(`
  update authorizations set due_on = :now
    from unnest(:names::text[], :reversed::text[]) as gone (name, reversed)
   where ${IN_ZONE} and authorizations.name = gone.name and due_on is null
     and not exists (
       select from pack_hosts join packs using (cell, zone_id, ord)
        where pack_hosts.cell = :cell and pack_hosts.zone_id = :zone and pack_hosts.reversed = gone.reversed
          and packs.id <> :pack and status <> all(:leaving))`);

/** Takes due ones, at most `limit`, until `until`: whoever takes them is alone with them so long. */
export async function takeDueAuthorizations(
  pool: Pool,
  what: { readonly now: Date; readonly until: Date; readonly limit: number },
): Promise<DueAuthorization[]> {
  const { rows } = await execute<DueRow>(pool, TAKE, what);
  return rows.map(({ is_rsa_directory, zone_id, ...row }) => ({
    ...row,
    isRsaDirectory: is_rsa_directory,
    zoneId: zone_id,
  }));
}

interface DueRow {
  url: string;
  zone_id: string;
  ca: CertificateAuthority;
  tenant: string;
  is_rsa_directory: boolean;
  name: string;
  attempts: number;
}

const TAKE = statement(`
  update authorizations set due_on = :until
   where (cell, zone_id, url) in (
     select cell, zone_id, url from authorizations
      where due_on <= :now order by due_on limit :limit for update skip locked)
  returning url, zone_id, ca, tenant, is_rsa_directory, name, attempts`);

/** A CA did not give it up yet; it is asked again at `due`. */
export async function putOffAuthorization(
  db: Db,
  { zoneId, url }: Pick<DueAuthorization, 'zoneId' | 'url'>,
  due: Date,
): Promise<void> {
  await execute(db, PUT_OFF, { ...zoneKey(zoneId), url, due });
}

const PUT_OFF = statement(
  `update authorizations set due_on = :due, attempts = attempts + 1 where ${IN_ZONE} and url = :url`,
);

/** Forgets authorizations that are of no use to any zone any more. */
export async function forgetAuthorizations(db: Db, urls: readonly string[]): Promise<void> {
  if (urls.length > 0) await execute(db, FORGET, { urls });
}

const FORGET = statement(`
  with gone as (delete from authorization_urls where url = any(:urls))
  delete from authorizations where url = any(:urls)`);

/** Forgets those that ended of age. */
export async function purgeAuthorizations(db: Db, now: Date): Promise<void> {
  await execute(db, PURGE, { now });
}

const PURGE = statement(`
  with gone as (delete from authorizations where until < :now returning url)
  delete from authorization_urls where url in (select url from gone)`);
