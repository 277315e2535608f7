import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { toTsigKey } from '../dns/update/tsig.ts';
import { createTxtUpdater } from '../dns/update/update.ts';
import type { BoundPublisher } from '../job/job.ts';
import type { Clock } from '../kit/clock.ts';
import { DNS_UPDATE_OPTIONS } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { toName } from '../pack/hosts.ts';

/** How long resolvers may keep a validation record, in seconds. */
const TTL = 60;

/**
 * Who publishes in which zone, by the zone's name in A-labels, from the tables `[[dns_updates]]` of the configuration
 * file. Throws `configuration` that names the table and the option at fault; a secret is not repeated.
 */
export function toPublishers(tables: readonly unknown[], clock: Clock): Map<string, BoundPublisher> {
  const publishers = new Map<string, BoundPublisher>();
  for (const [i, table] of tables.entries()) {
    const given = new UpdateTable(table, i);
    const publisher = createTxtUpdater({
      server: { host: given.address('server'), port: given.port() },
      key: given.key(),
      ttl: TTL,
      clock,
    });
    const accountId = given.account();
    for (const zone of given.zones()) {
      if (publishers.has(zone)) throw given.wrong('zones', `names ${zone}, which another table has`);
      publishers.set(zone, { ...publisher, accountId });
    }
  }
  return publishers;
}

type OptionName = keyof typeof DNS_UPDATE_OPTIONS;

/** One table. Each reader throws `configuration` for an option that is missing or wrong. */
class UpdateTable {
  readonly #place: string;
  readonly #given: Readonly<Record<string, unknown>>;

  constructor(table: unknown, i: number) {
    this.#place = `dns_updates[${i}]`;
    if (typeof table !== 'object' || table === null)
      throw new Fault('configuration', `${this.#place} must be a table`);
    this.#given = { ...table };
    const unknown = Object.keys(table).find((name) => !Object.hasOwn(DNS_UPDATE_OPTIONS, name));
    if (unknown !== undefined)
      throw new Fault('configuration', `${this.#place}: unknown option '${unknown}'`);
  }

  address(name: OptionName): string {
    const text = this.#text(name);
    if (isIP(text) !== 0) return text;
    throw this.wrong(name, 'must be an IP address');
  }

  port(): number {
    const port = Number(this.#given['port'] ?? 53);
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
    throw this.wrong('port', 'must be from 1 to 65535');
  }

  key(): ReturnType<typeof toTsigKey> {
    const given = { name: this.#optional('key_name'), algorithm: this.#optional('algorithm') };
    const secret = this.#secret();
    try {
      return toTsigKey({ ...given, secret });
    } catch (error) {
      // Which of several tables is meant.
      throw error instanceof Fault ? new Fault('configuration', `${this.#place}: ${error.message}`) : error;
    }
  }

  account(): string | undefined {
    if (this.#given['account'] === undefined) return undefined;
    const id = this.#text('account');
    if (/^[0-9a-f]{32}$/.test(id)) return id;
    throw this.wrong('account', 'must be the id of an account: 32 hexadecimal characters');
  }

  zones(): string[] {
    const { zones } = this.#given;
    if (!Array.isArray(zones) || zones.length === 0)
      throw this.wrong('zones', 'must be a list of zone names');
    return zones.map((zone) => {
      try {
        return toName(String(zone));
      } catch {
        throw this.wrong('zones', `has '${String(zone).slice(0, 100)}', which is no zone name`);
      }
    });
  }

  wrong(name: OptionName, why: string): Fault {
    return new Fault('configuration', `${this.#place}: '${name}' ${why}`);
  }

  #secret(): string {
    if (this.#given['secret'] !== undefined) return this.#text('secret');
    const file = this.#text('secret_file');
    try {
      return readFileSync(file, 'utf8');
    } catch {
      throw this.wrong('secret_file', `names ${file}, which cannot be read`);
    }
  }

  #optional(name: OptionName): string | undefined {
    return this.#given[name] === undefined ? undefined : this.#text(name);
  }

  #text(name: OptionName): string {
    const value = this.#given[name];
    if (typeof value === 'string' && value !== '') return value;
    throw this.wrong(name, 'must be text');
  }
}
