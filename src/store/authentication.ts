/** Who asks for what: the token of a request that is good now, with the zone of its account that is asked for. */
import { LRUCache } from 'lru-cache';
import { BatchLoader } from '../kit/batch-loader.ts';
import type { Clock } from '../kit/clock.ts';
import type { ZoneType } from '../pack/pack.ts';
import { intAt, isNull, locate, offsetsFor, textAt } from './protocol/data-row.ts';
import type { Reader } from './protocol/reader.ts';
import { type Statement, statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { hashOf, isGood, TOKEN_COLUMNS, type Token, type TokenRow, toToken } from './tokens.ts';
import { zoneKey } from './zone-key.ts';
import type { Zone } from './zones.ts';

/** Condition of a token with that hash that is good now. */
const isBearer = (hash: string, now: string): string => `tokens.hash = ${hash} and ${isGood(now)}`;

/** Condition of a zone with that cell and id that the token's account has. */
const isOfBearer = (cell: string, id: string): string =>
  `zones.cell = ${cell} and zones.id = ${id} and zones.account_id = tokens.account_id and zones.deleted_on is null`;

/** Who asks: a token, and the zone of its account that is asked for. */
export interface Caller {
  readonly token: Token;
  /** Undefined where the account has none of that id, or none is asked for. */
  readonly zone: Zone | undefined;
}

interface CallerRow extends TokenRow {
  zone_id: string | null;
  account_name: string;
  zone_name: string;
  zone_type: ZoneType;
  delegation_uuid: string;
  created_on: Date;
  modified_on: Date;
}

/** The token with that secret, with a zone by its id; undefined where there is no such token, or it is not good now. */
export async function getCaller(
  db: Db,
  { secret, zoneId }: { readonly secret: string; readonly zoneId: string | undefined },
  now: Date,
): Promise<Caller | undefined> {
  const { rows } = await execute<CallerRow>(db, CALLER, { hash: hashOf(secret), now, ...zoneKeyOf(zoneId) });
  const [row] = rows;
  return row && { token: toToken(row), zone: toZone(row) };
}

/** Of no zone: a cell that none has. */
const zoneKeyOf = (zoneId: string | undefined) => (zoneId ? zoneKey(zoneId) : { cell: -1, zone: '' });

const CALLER = statement(`
  select ${TOKEN_COLUMNS}, zones.id as zone_id, accounts.name as account_name, zones.name as zone_name,
         zones.type as zone_type, zones.delegation_uuid, zones.created_on, zones.modified_on
    from tokens
    join accounts on accounts.id = tokens.account_id
    left join zones on ${isOfBearer(':cell::smallint', ':zone')}
   where ${isBearer(':hash', ':now')}`);

const toZone = (row: CallerRow): Zone | undefined =>
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

/** As a caller, but of the zone its version alone: what lists want to know. */
export interface ListCaller {
  /** Undefined: no such token. */
  readonly token: Token | undefined;
  /** Undefined: the token's account has no such zone. */
  readonly version: number | undefined;
}

/** What is asked for, once for all requests of a batch that ask for the same. */
interface Asked {
  readonly secret: string;
  readonly zoneId: string;
}

const keyOf = ({ secret, zoneId }: Asked): string => zoneId + secret;

/** Questions under way at once: while they are, requests gather for the next one. */
const AT_ONCE = 3;
/** Tokens whose hashes are remembered: a busy client's is not made anew for each request. */
const MOST_HASHES = 1_000;

/**
 * Asks the database for the token and the zone of each request to a list. Requests that come while a question is under
 * way are asked for together in the next one: none is answered by what was read before it came.
 */
export class ListCallers {
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #asked: BatchLoader<Asked, ListCaller>;
  readonly #hashes = new LRUCache<string, string>({ max: MOST_HASHES });

  constructor(reader: Reader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
    this.#asked = new BatchLoader({ read: (asked) => this.#read(asked), keyOf, atOnce: AT_ONCE });
  }

  /** `zoneId` is an id, or '' for a request of no zone. */
  get(secret: string, zoneId: string): Promise<ListCaller> {
    return this.#asked.load({ secret, zoneId });
  }

  /** The token's hash as an element of an array of bytea. */
  #hashOf(secret: string): string {
    const known = this.#hashes.get(secret);
    if (known !== undefined) return known;
    const hash = `"\\\\x${hashOf(secret).toString('hex')}"`;
    this.#hashes.set(secret, hash);
    return hash;
  }

  async #read(pairs: readonly Asked[]): Promise<ListCaller[]> {
    const callers: ListCaller[] = pairs.map(() => NOBODY);
    const hashes = pairs.map(({ secret }) => this.#hashOf(secret));
    const values = {
      now: this.#clock.now().toISOString(),
      hashes: `{${hashes.join(',')}}`,
      zones: `{${pairs.map(({ zoneId }) => `"${zoneId}"`).join(',')}}`,
      cells: `{${pairs.map(({ zoneId }) => zoneKeyOf(zoneId).cell).join(',')}}`,
    };
    await this.#reader.read(LIST_CALLERS, values, (bytes, at) => {
      locate(bytes, at, OFFSETS);
      callers[intAt(bytes, OFFSETS, 0) - 1] = toListCaller(bytes);
    });
    return callers;
  }
}

const NOBODY: ListCaller = { token: undefined, version: undefined };

const LIST_CALLERS: Statement = statement(`
  select pair.i, zones.version, ${TOKEN_COLUMNS}
    from unnest(:hashes::bytea[], :cells::smallint[], :zones::text[]) with ordinality as pair (hash, cell, zone, i)
    left join tokens on ${isBearer('pair.hash', ':now::timestamptz')}
    left join zones on ${isOfBearer('pair.cell', 'pair.zone')}`);

/** Offsets of a row: i, version, and those of a TokenRow. */
const OFFSETS = offsetsFor(7);

function toListCaller(bytes: Buffer): ListCaller {
  if (isNull(OFFSETS, 2)) return NOBODY;
  const text = (i: number): string => textAt(bytes, OFFSETS, i) ?? '';
  const token = toToken({
    id: text(2),
    account_id: text(3),
    name: text(4),
    policies: text(5),
    request_ip: textAt(bytes, OFFSETS, 6),
  });
  return { token, version: isNull(OFFSETS, 1) ? undefined : intAt(bytes, OFFSETS, 1) };
}
