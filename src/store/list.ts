import type { Environment, PackStatus } from '../pack/pack.ts';
import type { Pool } from './store.ts';

/** Which packs of a zone, and which page of them. */
export interface PageAsk {
  readonly zoneId: string;
  /** Undefined: all. */
  readonly statuses?: readonly PackStatus[];
  /** Undefined: both. */
  readonly environment?: Environment;
  readonly page: number;
  readonly perPage: number;
}

export interface Page {
  readonly rows: readonly { readonly id: string; readonly wire: string; readonly wireVersion: number }[];
  /** Packs that match on all pages, counted in the same snapshot as the rows. */
  readonly total: number;
}

/** A page of a zone's packs, oldest first, as the JSON that was stored with each. */
export async function listPage(pool: Pool, ask: PageAsk): Promise<Page> {
  const { rows } = await pool.query<{ total: number; id: string | null; wire: string; wire_version: number }>(
    `with matching as materialized (
       select ord from packs
        where zone_id = $1 and ($2::text[] is null or status = any($2))
          and ($3::text is null or environment = $3)),
     page as (select ord from matching order by ord limit $4 offset $5)
     select (select count(*)::int from matching) as total, packs.id, packs.wire, packs.wire_version
       from (select) as one left join page on true
       left join packs on packs.zone_id = $1 and packs.ord = page.ord
      order by page.ord`,
    [ask.zoneId, ask.statuses ?? null, ask.environment ?? null, ask.perPage, (ask.page - 1) * ask.perPage],
  );
  return {
    rows: rows.flatMap(({ id, wire, wire_version }) => (id ? [{ id, wire, wireVersion: wire_version }] : [])),
    total: rows[0]?.total ?? 0,
  };
}

/** The stored JSON of one pack, or undefined where the zone has no such pack. */
export async function getWire(pool: Pool, zoneId: string, id: string): Promise<Page['rows'][0] | undefined> {
  const { rows } = await pool.query<{ id: string; wire: string; wire_version: number }>(
    'select id, wire, wire_version from packs where zone_id = $1 and id = $2',
    [zoneId, id],
  );
  return rows[0] && { id, wire: rows[0].wire, wireVersion: rows[0].wire_version };
}
