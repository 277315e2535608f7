import { once } from 'node:events';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { Fault } from '../../src/kit/fault.ts';
import { type ListFilter, selectionOf } from '../../src/pack/list-index.ts';
import type { Pool } from '../../src/store/store.ts';

export const PER_PAGE = 50;

/** Zones of a database whose list has a full page. */
export interface BigZone {
  readonly id: string;
  readonly counts: readonly number[];
}

/** Zones with at least a full page of packs, the largest first, at most `limit`. */
export async function bigZones(pool: Pool, limit: number): Promise<BigZone[]> {
  const [a, b] = selectionOf({ status: 'all', environment: undefined }).slots;
  const { rows } = await pool.query<BigZone>(
    `select id, counts from zones where deleted_on is null and counts[${a}] + counts[${b}] >= ${PER_PAGE}
      order by counts[${a}] + counts[${b}] desc limit $1`,
    [limit],
  );
  if (rows.length === 0)
    throw new Fault(
      'configuration',
      `no zone of this database has ${PER_PAGE} packs, which is a page: name an empty one, and more --packs`,
    );
  return rows;
}

/** Full pages that a zone has by a filter. */
export function fullPages({ counts }: BigZone, filter: ListFilter): number {
  const [a, b] = selectionOf(filter).slots;
  return Math.floor(((counts[a - 1] ?? 0) + (counts[b - 1] ?? 0)) / PER_PAGE);
}

/** Path of one page. */
export function pathOf({ id }: BigZone, { status, environment }: ListFilter, page: number): string {
  const query = [
    ...(status === 'served' ? [] : [`status=${status}`]),
    ...(environment === undefined ? [] : [`deploy=${environment}`]),
    `page=${page}&per_page=${PER_PAGE}`,
  ];
  return `/client/v4/zones/${id}/ssl/certificate_packs?${query.join('&')}`;
}

/** Paths of `n` full pages of these zones, different ones as long as there are; the same each time. */
export function somePages(zones: readonly BigZone[], filter: ListFilter, n: number): string[] {
  const found = new Set<string>();
  let turn = 0;
  for (let tries = 0; found.size < n && tries < n * 20; tries++) {
    const zone = zones[tries % zones.length];
    if (!zone) break;
    const pages = fullPages(zone, filter);
    turn = (turn + 0.618_033_988_749_895) % 1; // steps by the golden ratio lie evenly, in no order
    if (pages > 0) found.add(pathOf(zone, filter, 1 + Math.floor(turn * pages)));
  }
  if (found.size === 0)
    throw new Fault(
      'configuration',
      `no zone has a full page of status=${filter.status} and deploy=${filter.environment ?? 'any'}: more --packs are needed`,
    );
  return [...found];
}

/** Asks for every path once and throws unless each is a full page. Returns their bytes on average. */
export async function checkPages(origin: string, token: string, paths: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const path of paths) {
    const asked = request(`${origin}${path}`, { headers: { authorization: `Bearer ${token}` } }).end();
    const [answer] = await once(asked, 'response');
    const body = await json(answer);
    bytes += Number(answer.headers['content-length']);
    const packs = resultOf(body)?.length;
    if (answer.statusCode !== 200 || packs !== PER_PAGE)
      throw new Error(`${path}: ${answer.statusCode} with ${packs} packs in place of ${PER_PAGE}`);
  }
  return bytes / paths.length;
}

const resultOf = (body: unknown): unknown[] | undefined =>
  typeof body === 'object' && body !== null && 'result' in body && Array.isArray(body.result)
    ? body.result
    : undefined;
