import { newHexId } from '../kit/id.ts';
import type { PackZone } from '../pack/pack.ts';
import { sameness } from '../record/rdata.ts';
import { isProxiable, type RecordTerms, type ZoneRecord } from '../record/record.ts';
import { checkBeside, checkPlace } from '../record/rules.ts';
import { countRecords, deleteRecords, putRecords } from '../store/dns-records.ts';
import type { Tx } from '../store/store.ts';
import { lookAtNames, rangesOf } from '../store/total-tls.ts';
import { checkRecordQuota, type Quotas } from './quotas.ts';

/** Most records that one statement writes. */
const MOST_WRITTEN = 2_000;

/** The DNS records of a zone that a change is about, as they become by one thing after the other. */
export class RecordSheet {
  readonly zone: PackZone;
  readonly now: Date;
  readonly #before: ReadonlyMap<string, ZoneRecord>;
  readonly #records = new Map<string, ZoneRecord>();
  readonly #names = new Map<string, Set<ZoneRecord>>();

  /** `found` are all records that the change may meet. */
  constructor(zone: PackZone, now: Date, found: readonly ZoneRecord[]) {
    this.zone = zone;
    this.now = now;
    for (const record of found) this.#add(record);
    this.#before = new Map(this.#records);
  }

  get(id: string): ZoneRecord | undefined {
    return this.#records.get(id);
  }

  remove(record: ZoneRecord): void {
    this.#records.delete(record.id);
    this.#names.get(record.name)?.delete(record);
  }

  /** Whether a record that says the same is there. */
  has(terms: RecordTerms): boolean {
    const same = sameness(terms);
    return this.#at(terms.name).some((one) => sameness(one) === same);
  }

  /** Puts a record, a new one unless told; throws `invalid_record`, or another fault of `record/rules.ts`, where it cannot be. */
  place(
    terms: RecordTerms,
    { id = newHexId(), createdOn = this.now }: { readonly id?: string; readonly createdOn?: Date } = {},
  ): ZoneRecord {
    const record = { ...terms, id, createdOn, modifiedOn: this.now };
    checkPlace(record, this.zone);
    checkBeside(record, this.#at(record.name));
    this.#add(record);
    return record;
  }

  /** Writes what became of all. Throws `quota_reached`. */
  async write(tx: Tx, deps: { readonly quotas: Quotas }): Promise<void> {
    const changed = [...this.#records.values()].filter((one) => this.#before.get(one.id) !== one);
    const gone = [...this.#before.keys()].filter((id) => !this.#records.has(id));
    await deleteRecords(tx, this.zone.id, gone);
    for (let i = 0; i < changed.length; i += MOST_WRITTEN)
      await putRecords(tx, this.zone.id, changed.slice(i, i + MOST_WRITTEN));
    const were = [...changed, ...gone.map((id) => ({ id }))].flatMap(({ id }) => this.#before.get(id) ?? []);
    await lookAtNames(tx, this.zone.id, { ranges: rangesOf(differing(were, changed)), at: this.now });
    if (changed.some(({ id }) => !this.#before.has(id)))
      checkRecordQuota(deps, await countRecords(tx, this.zone.id));
  }

  #at(name: string): ZoneRecord[] {
    return [...(this.#names.get(name) ?? [])];
  }

  #add(record: ZoneRecord): void {
    this.#records.set(record.id, record);
    const beside = this.#names.get(record.name);
    if (beside) beside.add(record);
    else this.#names.set(record.name, new Set([record]));
  }
}

/** Names that a proxied record comes to, or goes from. */
function differing(were: readonly ZoneRecord[], are: readonly ZoneRecord[]): string[] {
  const [from, to] = [proxiedNames(were), proxiedNames(are)];
  return [...[...from].filter((name) => !to.has(name)), ...[...to].filter((name) => !from.has(name))];
}

const proxiedNames = (records: readonly ZoneRecord[]): Set<string> =>
  new Set(records.filter((one) => one.isProxied && isProxiable(one.type)).map(({ name }) => name));
