import { LRUCache } from 'lru-cache';
import { BatchLoader } from '../kit/batch-loader.ts';
import type { Clock } from '../kit/clock.ts';
import { intAt, isNull, locate, offsetsFor, textAt } from './protocol/data-row.ts';
import type { Reader } from './protocol/reader.ts';
import { type Statement, statement } from './statement.ts';
import { type Access, hashOf, isGood, type Token } from './tokens.ts';

/** Who asks, and the state of the zone that is asked for, both as they are in the database now. */
export interface Passage {
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
 * Asks the database for the token and the zone of each request. Requests that come while a question is under way are
 * asked for together in the next one: none is answered by what was read before it came.
 */
export class Gate {
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #asked: BatchLoader<Asked, Passage>;
  readonly #hashes = new LRUCache<string, string>({ max: MOST_HASHES });

  constructor(reader: Reader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
    this.#asked = new BatchLoader({ read: (asked) => this.#read(asked), keyOf, atOnce: AT_ONCE });
  }

  /** `zoneId` is an id, or '' for a request of no zone. */
  pass(secret: string, zoneId: string): Promise<Passage> {
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

  async #read(pairs: readonly Asked[]): Promise<Passage[]> {
    const passages: Passage[] = pairs.map(() => NOBODY);
    const hashes = pairs.map(({ secret }) => this.#hashOf(secret));
    const values = {
      now: this.#clock.now().toISOString(),
      hashes: `{${hashes.join(',')}}`,
      zones: `{${pairs.map(({ zoneId }) => `"${zoneId}"`).join(',')}}`,
    };
    await this.#reader.read(PASS, values, (bytes, at) => {
      locate(bytes, at, CELLS);
      passages[intAt(bytes, CELLS, 0) - 1] = toPassage(bytes);
    });
    return passages;
  }
}

const NOBODY: Passage = { token: undefined, version: undefined };

const PASS: Statement = statement(`
  select pair.i, tokens.id, tokens.account_id, tokens.name, tokens.access, array_to_string(tokens.zones, ' '),
         zones.version
    from unnest(:hashes::bytea[], :zones::text[]) with ordinality as pair (hash, zone, i)
    left join tokens on tokens.hash = pair.hash and ${isGood(':now::timestamptz')}
    left join zones on zones.id = pair.zone and zones.account_id = tokens.account_id and zones.deleted_on is null`);

/** Offsets of a row: i, id, account_id, name, access, zones, version. */
const CELLS = offsetsFor(7);

/** What this version does not know may only read. */
const toAccess = (text: string): Access => (text === 'write' || text === 'certificates' ? text : 'read');

function toPassage(bytes: Buffer): Passage {
  if (isNull(CELLS, 1)) return NOBODY;
  const text = (i: number): string => textAt(bytes, CELLS, i) ?? '';
  const zones = textAt(bytes, CELLS, 5);
  const token: Token = {
    id: text(1),
    accountId: text(2),
    name: text(3),
    access: toAccess(text(4)),
    ...(zones !== null && { zones: zones.split(' ') }),
  };
  return { token, version: isNull(CELLS, 6) ? undefined : intAt(bytes, CELLS, 6) };
}
