import { type Static, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import { isHexId } from './auth.ts';

/** Query parameters as they came; lists read them one by one, so that a refusal can name its parameter. */
export const Query = Type.Record(Type.String(), Type.Unknown());
export type Query = Static<typeof Query>;

/** Parameters that `readPage` reads. */
export const PAGES = {
  page: Type.Integer({ minimum: 1, default: 1 }),
  per_page: Type.Integer({ minimum: 1, maximum: 1_000, default: 20 }),
};

/** `result_info` of a list with pages. */
export const PageInfo = Type.Object({
  page: Type.Integer(),
  per_page: Type.Integer(),
  count: Type.Integer(),
  total_count: Type.Integer(),
  total_pages: Type.Integer(),
});

/** `page` and `per_page` of a list. */
export interface PageQuery {
  readonly page: number;
  readonly perPage: number;
}

/** Reads `page` (from 1; 0 is 1) and `per_page`. Throws `malformed_request` with a pointer for any other. */
export const readPage = (query: Query, usual = 20): PageQuery => ({
  page: Math.max(1, readInteger(query, 'page', { least: 0, most: MOST_PAGE, default: 1 })),
  perPage: readPerPage(query, usual),
});

/**
 * `per_page`, 1 to 1,000, more than is documented: scripts ask for 100 and 200, and take a page that is shorter than they
 * asked for to be the last one.
 */
export const readPerPage = (query: Query, usual = 20): number =>
  readInteger(query, 'per_page', { least: 1, most: 1_000, default: usual });

/** A page number whose offset still fits PostgreSQL's bigint, many times over. */
const MOST_PAGE = 1_000_000_000;

/** `limit`, of lists that call it so. */
export const readLimit = (query: Query, limits: Limits): number => readInteger(query, 'limit', limits);

interface Limits {
  readonly least: number;
  readonly most: number;
  readonly default: number;
}

/** An integer within its limits, or the default. Throws `malformed_request` with a pointer. */
export function readInteger(query: Query, name: string, limits: Limits): number {
  const text = readText(query, name);
  if (text === undefined) return limits.default;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= limits.least && value <= limits.most) return value;
  throw refuse(name, `must be an integer from ${limits.least} to ${limits.most}`);
}

/** A parameter that is one of `values`, or undefined where it is absent. */
export function readChoice<T extends string>(
  query: Query,
  name: string,
  values: readonly T[],
): T | undefined {
  const text = readText(query, name);
  if (text === undefined) return undefined;
  const value = values.find((known) => known === text);
  if (value === undefined) throw refuse(name, `must be one of ${values.join(', ')}`);
  return value;
}

/** A parameter given at most once. */
export function readText(query: Query, name: string): string | undefined {
  const value = query[name];
  if (typeof value === 'string' && value.includes('\0'))
    throw refuse(name, 'must not contain the NUL character');
  if (value === undefined || typeof value === 'string') return value;
  throw refuse(name, 'must be given once');
}

/**
 * An instant (RFC 3339), or the first one of a day in UTC; undefined where the parameter is absent. Milliseconds are
 * kept, what is finer is cut off.
 */
export function readInstant(query: Query, name: string): Date | undefined {
  const text = readText(query, name);
  if (text === undefined) return undefined;
  const instant = instantIn(text);
  if (instant) return instant;
  throw refuse(name, 'must be a date, or an instant as 2026-01-31T12:00:00Z (RFC 3339; + is sent as %2B)');
}

/** The instant that a text is, as `readInstant` has it; undefined: it is none. */
export function instantIn(text: string): Date | undefined {
  const [, day = '', time] = INSTANT.exec(text) ?? [];
  const instant = new Date(time === undefined ? `${day}T00:00:00Z` : text.toUpperCase());
  // The 30th of February would be taken for a day of March.
  const isDay = day !== '' && new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day);
  return isDay && !Number.isNaN(instant.getTime()) ? instant : undefined;
}

const INSTANT = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?$/i;

/** The id of a zone or a token; undefined where the parameter is absent. */
export function readId(query: Query, name: string): string | undefined {
  const text = readText(query, name);
  if (text === undefined || isHexId(text)) return text;
  throw refuse(name, 'must have 32 hexadecimal characters');
}

/** The refusal of a query parameter. */
export const refuse = (name: string, what: string): Fault =>
  new Fault('malformed_request', `query parameter ${name} ${what}`, { pointer: `/${name}` });
