import { type Statement, statement } from './statement.ts';
import { hashOf, type Token } from './tokens.ts';
import { intAt, isNull, locate, offsetsFor, textAt } from './wire/cells.ts';
import type { Reader } from './wire/reader.ts';

/** Who asks, and the state of the zone that is asked for, both as they are in the database now. */
export interface Passage {
  /** Undefined: no such token. */
  readonly token: Token | undefined;
  /** Undefined: the token's account has no such zone. */
  readonly version: number | undefined;
}

interface Asked {
  readonly secret: string;
  readonly zoneId: string;
  resolve(passage: Passage): void;
  reject(error: unknown): void;
}

/**
 * Asks the database for the token and the zone of each request. Requests of one turn of the event loop are asked for
 * together, after the last of them arrived: none is answered by what was read before it came.
 */
export class Gate {
  readonly #reader: Reader;
  #asked: Asked[] = [];

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** `zoneId` is an id, or '' for a request of no zone. */
  pass(secret: string, zoneId: string): Promise<Passage> {
    const { promise, resolve, reject } = Promise.withResolvers<Passage>();
    if (this.#asked.push({ secret, zoneId, resolve, reject }) === 1) setImmediate(() => void this.#askAll());
    return promise;
  }

  async #askAll(): Promise<void> {
    const asked = this.#asked;
    this.#asked = [];
    const pairs = new Map(asked.map((one) => [`${one.secret} ${one.zoneId}`, one]));
    try {
      const found = await this.#read([...pairs.values()]);
      const passages = new Map([...pairs.keys()].map((key, i) => [key, found[i] ?? NOBODY]));
      for (const one of asked) one.resolve(passages.get(`${one.secret} ${one.zoneId}`) ?? NOBODY);
    } catch (error) {
      for (const one of asked) one.reject(error);
    }
  }

  async #read(pairs: readonly Asked[]): Promise<Passage[]> {
    const passages: Passage[] = [];
    const hashes = pairs.map(({ secret }) => `"\\\\x${hashOf(secret).toString('hex')}"`);
    const values = {
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
    left join tokens on tokens.hash = pair.hash
    left join zones on zones.id = pair.zone and zones.account_id = tokens.account_id and zones.deleted_on is null`);

/** Offsets of a row: i, id, account_id, name, access, zones, version. */
const CELLS = offsetsFor(7);

function toPassage(bytes: Buffer): Passage {
  if (isNull(CELLS, 1)) return NOBODY;
  const text = (i: number): string => textAt(bytes, CELLS, i) ?? '';
  const zones = textAt(bytes, CELLS, 5);
  const token: Token = {
    id: text(1),
    accountId: text(2),
    name: text(3),
    access: text(4) === 'write' ? 'write' : 'read',
    ...(zones !== null && { zones: zones.split(' ') }),
  };
  return { token, version: isNull(CELLS, 6) ? undefined : intAt(bytes, CELLS, 6) };
}
