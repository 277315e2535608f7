/** Who asks for what: the token of a request that is good now, with the zone of its account that is asked for. */
import { LRUCache } from 'lru-cache';
import { BatchLoader } from '../kit/batch-loader.ts';
import type { Clock } from '../kit/clock.ts';
import { intAt, isNull, locate, offsetsFor, textAt } from './protocol/data-row.ts';
import type { Reader } from './protocol/reader.ts';
import { type Statement, statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { TOKEN_COLUMNS, type Token, type TokenRow, toToken } from './token-row.ts';
import { hashOf, isGood } from './tokens.ts';
import { zoneKey } from './zone-key.ts';
import { toZone, ZONE_COLUMNS, type Zone, type ZoneRow } from './zone-row.ts';

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

type CallerRow = TokenRow & ({ zone_id: null } | ZoneRow);

/** What shows which token asks: its secret, or its hash where a session stands for it. */
export type Shown = string | Buffer;

const shownHash = (shown: Shown): Buffer => (typeof shown === 'string' ? hashOf(shown) : shown);

/** The token that is shown, with a zone by its id; undefined where there is no such token, or it is not good now. */
export async function getCaller(
  db: Db,
  { shown, zoneId }: { readonly shown: Shown; readonly zoneId: string | undefined },
  now: Date,
): Promise<Caller | undefined> {
  const { rows } = await execute<CallerRow>(db, CALLER, {
    hash: shownHash(shown),
    now,
    ...zoneKeyOf(zoneId),
  });
  const [row] = rows;
  return row && { token: toToken(row), zone: row.zone_id === null ? undefined : toZone(row) };
}

/** Of no zone: a cell that none has. */
const zoneKeyOf = (zoneId: string | undefined) => (zoneId ? zoneKey(zoneId) : { cell: -1, zone: '' });

const CALLER = statement(`
  select ${TOKEN_COLUMNS}, ${ZONE_COLUMNS}
    from tokens
    join accounts on accounts.id = tokens.account_id
    left join zones on ${isOfBearer(':cell::smallint', ':zone')}
   where ${isBearer(':hash', ':now')}`);

/** As a caller, but of the zone its version alone: what lists want to know. */
export interface ListCaller {
  /** Undefined: no such token. */
  readonly token: Token | undefined;
  /** Undefined: the token's account has no such zone. */
  readonly version: number | undefined;
}

/** What is asked for, once for all requests of a batch that ask for the same. */
interface Asked {
  readonly shown: Shown;
  readonly zoneId: string;
}

const keyOf = ({ shown, zoneId }: Asked): string => zoneId + nameOf(shown);

/** No secret is `#` and a hash in hexadecimal, so that none is taken for one. */
const nameOf = (shown: Shown): string => (typeof shown === 'string' ? shown : `#${shown.toString('hex')}`);

/** Questions under way at once: while they are, requests gather for the next one. */
const AT_ONCE = 3;
/** Tokens that are remembered. */
const MOST_KNOWN = 1_000;

/** What need not be made anew for each request of a busy client. */
interface Known {
  /** The token's hash as an element of an array of bytea. */
  readonly hash: string;
  /** Its row as it was last seen, and the token that it came to: while the bytes are the same, so is the token. */
  row: Buffer;
  token: Token | undefined;
}

/**
 * Asks the database for the token and the zone of each request to a list. Requests that come while a question is under
 * way are asked for together in the next one: none is answered by what was read before it came.
 */
export class ListCallers {
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #asked: BatchLoader<Asked, ListCaller>;
  readonly #known = new LRUCache<string, Known>({ max: MOST_KNOWN });

  constructor(reader: Reader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
    this.#asked = new BatchLoader({ read: (asked) => this.#read(asked), keyOf, atOnce: AT_ONCE });
  }

  /** `zoneId` is an id, or '' for a request of no zone. */
  get(shown: Shown, zoneId: string): Promise<ListCaller> {
    return this.#asked.load({ shown, zoneId });
  }

  #knownOf(shown: Shown): Known {
    const name = nameOf(shown);
    const there = this.#known.get(name);
    if (there) return there;
    const hash = `"\\\\x${shownHash(shown).toString('hex')}"`;
    const known: Known = { hash, row: Buffer.alloc(0), token: undefined };
    this.#known.set(name, known);
    return known;
  }

  async #read(pairs: readonly Asked[]): Promise<ListCaller[]> {
    const callers: ListCaller[] = pairs.map(() => NOBODY);
    const known = pairs.map(({ shown }) => this.#knownOf(shown));
    const values = {
      now: this.#clock.now().toISOString(),
      hashes: `{${known.map(({ hash }) => hash).join(',')}}`,
      zones: `{${pairs.map(({ zoneId }) => `"${zoneId}"`).join(',')}}`,
      cells: `{${pairs.map(({ zoneId }) => zoneKeyOf(zoneId).cell).join(',')}}`,
    };
    await this.#reader.read(LIST_CALLERS, values, (bytes, at) => {
      locate(bytes, at, OFFSETS);
      const i = intAt(bytes, OFFSETS, 0) - 1;
      const asker = known[i];
      if (asker && !isNull(OFFSETS, 2))
        callers[i] = { token: tokenIn(bytes, asker), version: versionIn(bytes) };
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
const [ID, POLICIES, REQUEST_IP] = [2, 5, 6];
/** Bytes of the length before a value. */
const LENGTH = 4;

const versionIn = (bytes: Buffer): number | undefined =>
  isNull(OFFSETS, 1) ? undefined : intAt(bytes, OFFSETS, 1);

/** The token of the row at OFFSETS. */
function tokenIn(bytes: Buffer, known: Known): Token {
  const start = (OFFSETS[2 * ID] ?? 0) - LENGTH;
  const end = isNull(OFFSETS, REQUEST_IP)
    ? (OFFSETS[2 * POLICIES + 1] ?? 0) + LENGTH
    : (OFFSETS[2 * REQUEST_IP + 1] ?? 0);
  if (known.token && known.row.compare(bytes, start, end) === 0) return known.token;
  known.row = Buffer.from(bytes.subarray(start, end));
  known.token = tokenOf(bytes);
  return known.token;
}

const tokenOf = (bytes: Buffer): Token =>
  toToken({
    id: textAt(bytes, OFFSETS, ID) ?? '',
    account_id: textAt(bytes, OFFSETS, ID + 1) ?? '',
    name: textAt(bytes, OFFSETS, ID + 2) ?? '',
    policies: textAt(bytes, OFFSETS, POLICIES) ?? '[]',
    request_ip: textAt(bytes, OFFSETS, REQUEST_IP),
  });
