import { randomInt } from 'node:crypto';
import type { Clock } from '../../kit/clock.ts';
import { Fault } from '../../kit/fault.ts';
import type { Seconds } from '../../kit/time.ts';
import type { TxtPublisher, TxtRecord } from '../dns.ts';
import { newQuery, readReply } from '../message/message.ts';
import { isPlainName, isWithin, parentOf, printable, toDnsName } from '../message/names.ts';
import { askStream, type Place } from '../message/tcp-exchange.ts';
import { openAnswer, signMessage, type TsigKey } from './tsig.ts';
import { type Change, updateMessage, updateRcode } from './update-message.ts';

/** Where and how TXT records are published. */
export interface UpdateOptions {
  /** The primary server of the zones. The operator names it, so the address policy does not hold for it. */
  readonly server: Place;
  readonly key: TsigKey;
  /** The zone of all records; without it, each record's zone is asked for by SOA. */
  readonly zone?: string;
  /** How long resolvers may keep a value. */
  readonly ttl: Seconds;
  readonly clock: Clock;
}

/** Longest that one message and its answer take, in milliseconds. */
const LIMIT_MS = 10_000;
/** Records in one message: with the longest names it stays below 64 KB. */
const MOST_RECORDS = 50;

/**
 * Publishes by dynamic update (RFC 2136) over TCP, signed with TSIG (RFC 8945); an answer counts only with its own
 * signature. Each message is done whole or not at all, by zone and 50 records.
 */
export function createTxtUpdater(options: UpdateOptions): TxtPublisher {
  return {
    add: (records, signal) => change(options, { kind: 'add', ttl: options.ttl, records }, signal),
    remove: (records, signal) => change(options, { kind: 'remove', records }, signal),
  };
}

async function change(options: UpdateOptions, whole: Change, signal: AbortSignal): Promise<void> {
  const session = new Session(options, signal);
  const records = whole.records.map(toPlain);
  const zones = new Map<string, TxtRecord[]>();
  for (const record of records) {
    const zone = await session.zoneOf(record.txtName);
    zones.set(zone, [...(zones.get(zone) ?? []), record]);
  }
  for (const [zone, all] of zones) {
    for (let n = 0; n < all.length; n += MOST_RECORDS) {
      await session.update(zone, { ...whole, records: all.slice(n, n + MOST_RECORDS) });
    }
  }
}

function toPlain({ txtName, txtValue }: TxtRecord): TxtRecord {
  const name = toDnsName(txtName);
  if (!isPlainName(name)) throw new Fault('dns_update_refused', `"${printable(name, 100)}" is no host name`);
  if (!/^[\x20-\x7e]{1,255}$/.test(txtValue))
    throw new Fault('dns_update_refused', `the value for TXT ${name} is not 1 to 255 ASCII characters`);
  return { txtName: name, txtValue };
}

/** The exchanges of one call with the server. */
class Session {
  readonly #options: UpdateOptions;
  readonly #signal: AbortSignal;
  readonly #zones = new Map<string, string>();

  constructor(options: UpdateOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async zoneOf(name: string): Promise<string> {
    const { zone } = this.#options;
    if (zone !== undefined && isWithin(name, toDnsName(zone))) return toDnsName(zone);
    if (zone !== undefined)
      throw this.#refused(`is configured for the zone ${zone}, which does not hold ${name}`);
    const found = this.#zones.get(name) ?? (await this.#find(name));
    this.#zones.set(name, found);
    return found;
  }

  async update(zone: string, part: Change): Promise<void> {
    const id = randomInt(65_536);
    const answer = await this.#ask(updateMessage(id, zone, part));
    const rcode = updateRcode(answer, id);
    if (rcode === undefined) throw this.#refused('answers something else than it was asked');
    const names = [...new Set(part.records.map(({ txtName }) => txtName))];
    const why = refusalOf(rcode, { zone, names, key: this.#options.key.name });
    if (why !== undefined) throw this.#refused(why);
  }

  /** The zone of `name`, by the SOA in an answer about it; above a CNAME, whose answer has none, it climbs. */
  async #find(name: string): Promise<string> {
    for (let at = name; at !== ''; at = parentOf(at)) {
      const sent = newQuery(at, 'SOA', false);
      const reply = readReply(await this.#ask(sent.bytes), sent);
      if (!reply) throw this.#refused('answers something else than it was asked');
      const soa = [...reply.answers, ...reply.authorities].find(({ type }) => type === 'SOA');
      if (soa && reply.isAuthoritative && isWithin(name, soa.name)) return soa.name;
      const isAlias = reply.answers.some(({ type }) => type === 'CNAME');
      if (!isAlias) break;
    }
    const step = 'let it serve the zone as its primary, or name another server';
    throw this.#refused(`does not answer for the zone of ${name}; ${step}`);
  }

  /** The answer to a message, its signature checked and taken off. */
  async #ask(message: Buffer): Promise<Buffer> {
    const { server, key, clock } = this.#options;
    this.#signal.throwIfAborted();
    const request = signMessage(message, key, clock.now());
    const outgoing = { bytes: request.bytes, signal: this.#signal, limitMs: LIMIT_MS };
    const heard = await askStream(server, outgoing);
    this.#signal.throwIfAborted();
    if (heard.kind === 'silence') throw new Fault('dns_unreachable', `${this.#label} ${heard.why}`);
    const opened = openAnswer(heard.bytes, key, request, clock.now());
    if (opened.kind === 'refused') throw this.#refused(opened.why);
    // An error without signature is worth no more than its words, and those help; nothing else counts unsigned.
    if (opened.kind === 'unsigned' && (opened.message.readUInt16BE(2) & 15) === 0)
      throw this.#refused('answers without a TSIG signature; nothing it says can be relied on');
    return opened.message;
  }

  get #label(): string {
    const { host, port } = this.#options.server;
    return `the name server ${host} (port ${port})`;
  }

  #refused(why: string): Fault {
    return new Fault('dns_update_refused', `${this.#label} ${why}`);
  }
}

interface Attempt {
  readonly zone: string;
  readonly names: readonly string[];
  readonly key: string;
}

/** What a code of RFC 2136 2.2 means, going on after the server's name; undefined for success. */
function refusalOf(rcode: number, { zone, names, key }: Attempt): string | undefined {
  if (rcode === 0) return undefined;
  const shown = names.slice(0, 3).join(', ');
  const at = names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
  const words: Readonly<Record<number, string>> = {
    1: 'does not understand the update (FORMERR)',
    2: `fails to change the zone ${zone} (SERVFAIL); its log says why`,
    4: 'takes no updates (NOTIMP)',
    5: `does not let the key "${key}" change TXT at ${at} (REFUSED); allow that in its policy for the zone ${zone}`,
    7: `has a CNAME at ${at}, beside which there can be no TXT (YXRRSET); remove the CNAME`,
    9: `is not the primary of the zone ${zone} (NOTAUTH); name the server that is`,
    10: `holds that ${at} is not in the zone ${zone} (NOTZONE); correct the zone`,
  };
  return words[rcode] ?? `refuses to change TXT at ${at} with code ${rcode}`;
}
