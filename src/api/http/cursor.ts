import { createHmac } from 'node:crypto';
import { Type } from 'typebox';
import type { Place } from '../../store/list/account-list.ts';
import { type Query, readText, refuse } from './page.ts';

/** `result_info` of a list that is walked by cursor. */
export const CursorInfo = Type.Object({
  count: Type.Integer(),
  per_page: Type.Integer(),
  cursor: Type.Optional(Type.String()),
});

/** The same of a list that is walked both ways: `after` is `cursor` again. */
export const CursorsInfo = Type.Object({
  ...CursorInfo.properties,
  cursors: Type.Object({ before: Type.Optional(Type.String()), after: Type.Optional(Type.String()) }),
});

/** What is walked through: which packs, in words that only equal filters share. */
export interface Walk {
  /** Known to the processes of one installation alone. */
  readonly secret: string;
  readonly of: string;
}

/** A place in a walk, and whether what is before it is wanted. */
export type CursorPlace = Place & { readonly isBefore?: boolean };

/** A place in a walk for a client to come back with: good for that walk alone, and for nobody to write but us. */
export function toCursor({ secret, of }: Walk, { at, seq, isBefore = false }: CursorPlace): string {
  const place = JSON.stringify(isBefore ? [at, seq, BEFORE] : [at, seq]);
  const mark = createHmac('sha256', secret).update(`${of}\n${place}`).digest().subarray(0, MARK_BYTES);
  return Buffer.concat([mark, Buffer.from(place)]).toString('base64url');
}

const BEFORE = 'before';
const MARK_BYTES = 12;
/** A host name has at most 253 characters. */
const MOST_CHARACTERS = 500;

/** The place of parameter `cursor`, undefined where it is absent. Throws `malformed_request` for any other's cursor. */
export function readCursor(query: Query, walk: Walk): CursorPlace | undefined {
  const text = readText(query, 'cursor');
  if (text === undefined) return undefined;
  const place = placeAt(text, walk);
  if (place) return place;
  throw refuse('cursor', 'is not one of this list with these filters; leave it out to begin anew');
}

/** The place of a cursor; undefined where the walk has not given it out. */
export function placeAt(text: string, walk: Walk): CursorPlace | undefined {
  const place = text.length <= MOST_CHARACTERS ? placeIn(text) : undefined;
  return place && toCursor(walk, place) === text ? place : undefined;
}

function placeIn(text: string): CursorPlace | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8', MARK_BYTES));
    if (!Array.isArray(parts)) return undefined;
    const [at, seq, way]: unknown[] = parts;
    return typeof at === 'string' && typeof seq === 'number'
      ? { at, seq, isBefore: way === BEFORE }
      : undefined;
  } catch {
    return undefined;
  }
}
