import type { Answer } from 'dns-packet';
import { Fault } from '../../kit/fault.ts';
import { readJson, writeJson } from '../files.ts';
import { isName, parentOf, registrableOf, toKey } from './names.ts';
import { type CustomerType, isCustomerType, RECORD_TYPES, recordOf } from './record-types.ts';

/** All records of one name and type. */
export interface RecordSet {
  readonly name: string;
  readonly type: CustomerType;
  /** As in a zone file; the text itself for TXT. */
  readonly values: readonly string[];
}

/** The record sets of one name. */
export type Node = ReadonlyMap<CustomerType, readonly string[]>;

/** Customers' records, in memory and in one file. */
export class CustomerRecords {
  readonly #path: string;
  readonly #nodes = new Map<string, Map<CustomerType, readonly string[]>>();
  /** For each name, how many names with records lie below it. */
  readonly #below = new Map<string, number>();
  #serial = 1;
  #saving: Promise<void> = Promise.resolve();
  #nextSave: Promise<void> | undefined;

  /** Reads what the file at `path` holds; there may be none yet. */
  constructor(path: string) {
    this.#path = path;
    for (const set of readJson<readonly RecordSet[]>(path, [])) this.#set(set);
  }

  /** Counts changes since the start; the serial of every zone. */
  get serial(): number {
    return this.#serial;
  }

  /** How many record sets there are. */
  get count(): number {
    return [...this.#sets()].length;
  }

  /** The record sets of exactly this name. */
  at(name: string): Node | undefined {
    return this.#nodes.get(name);
  }

  /** Whether the name has records, or is an empty non-terminal (RFC 8499): a name with names below it. */
  exists(name: string): boolean {
    return this.#nodes.has(name) || this.#below.has(name);
  }

  /** Replaces a record set, `[]` removes it; on disk when it resolves. Throws `malformed_request`. */
  async put(wanted: { readonly name: string; readonly type: string; readonly values: readonly string[] }) {
    const set = this.#checked(wanted);
    this.#set(set);
    this.#serial += 1;
    await this.#save();
    return set;
  }

  #checked({ name, type, values }: { name: string; type: string; values: readonly string[] }): RecordSet {
    const key = toKey(name);
    if (!isCustomerType(type)) return refuse(`type must be one of ${RECORD_TYPES.join(', ')}`);
    if (!isName(key) || key.indexOf('*', 1) > 0)
      refuse(`${JSON.stringify(name.slice(0, 260))} is no name of a record`);
    if (registrableOf(key) === undefined) refuse(`${key} is in no customer's zone: it is a public suffix`);
    if (values.length > MOST_VALUES) refuse(`a record set has at most ${MOST_VALUES} values`);
    for (const value of values) recordOf(key, type, value);
    if (values.length > 0) this.#checkAlias(key, type, values);
    return { name: key, type, values: [...new Set(values)] };
  }

  /** A name with a CNAME has no other records (RFC 1034 3.6.2), so an apex, which has SOA, cannot be an alias. */
  #checkAlias(name: string, type: CustomerType, values: readonly string[]): void {
    const others = [...(this.#nodes.get(name)?.keys() ?? [])].filter((one) => one !== type);
    const clash = type === 'CNAME' ? others : others.filter((one) => one === 'CNAME');
    const isApex = registrableOf(name) === name;
    if (clash.length > 0) {
      throw new Fault(
        'malformed_request',
        `${name} has ${clash.join(' and ')}; remove it before setting ${type}`,
      );
    }
    if (type === 'CNAME' && (values.length > 1 || isApex)) {
      refuse('a CNAME has one value and does not stand at the apex of a zone');
    }
  }

  #set({ name, type, values }: RecordSet): void {
    const node = this.#nodes.get(name) ?? new Map<CustomerType, readonly string[]>();
    if (values.length > 0) node.set(type, values);
    else node.delete(type);
    const isNew = node.size > 0 && !this.#nodes.has(name);
    const isGone = node.size === 0 && this.#nodes.delete(name);
    if (isNew) this.#nodes.set(name, node);
    if (isNew || isGone) this.#countAbove(name, isNew ? 1 : -1);
  }

  #countAbove(name: string, change: number): void {
    for (let above = parentOf(name); above !== ''; above = parentOf(above)) {
      const count = (this.#below.get(above) ?? 0) + change;
      if (count > 0) this.#below.set(above, count);
      else this.#below.delete(above);
    }
  }

  /** Changes made while a write is under way share the next one. */
  #save(): Promise<void> {
    this.#nextSave ??= this.#saving
      .catch(() => undefined)
      .then(() => {
        this.#nextSave = undefined;
        this.#saving = writeJson(this.#path, [...this.#sets()]);
        return this.#saving;
      });
    return this.#nextSave;
  }

  *#sets(): Iterable<RecordSet> {
    for (const [name, node] of this.#nodes) for (const [type, values] of node) yield { name, type, values };
  }
}

const MOST_VALUES = 100;

function refuse(why: string): never {
  throw new Fault('malformed_request', why);
}

/** The records of a set, for an answer about `owner`. */
export const answersOf = (owner: string, type: CustomerType, values: readonly string[]): Answer[] =>
  values.map((value) => recordOf(owner, type, value));
