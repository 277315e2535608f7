import { Fault } from '../kit/fault.ts';
import type { PackZone } from '../pack/pack.ts';
import type { ZoneRecord } from '../record/record.ts';
import type { FileRecord } from '../record/zone-file.ts';
import { atLine } from '../record/zone-file-entry.ts';
import { type Actor, recordAll } from '../store/audit.ts';
import { listRecords } from '../store/dns-records.ts';
import { getDeeperZone } from '../store/names.ts';
import { type Tx, transaction } from '../store/store.ts';
import { holdZone } from '../store/zones.ts';
import type { RecordDeps } from './change-records.ts';
import { RecordSheet } from './record-sheet.ts';

/** Names that are looked up together: all names above each of them go with it. */
const MOST_NAMES = 500;

/**
 * Makes the records of a zone file in a zone, all of them or none, but for those that are there already; how many it made.
 * Throws `quota_reached`, `zone_not_found`, or why a record cannot be, with its line.
 */
export function importRecords(
  deps: RecordDeps,
  { zone, file, by }: { readonly zone: PackZone; readonly file: readonly FileRecord[]; readonly by: Actor },
): Promise<number> {
  return transaction(deps.pool, async (tx) => {
    await holdZone(tx, zone.id);
    const lines = new Map(file.map(({ line, record }) => [record.name, line]));
    const names = [...lines.keys()];
    const found = names.length > 0 ? await listRecords(tx, zone.id, { ids: [], names }) : [];
    const sheet = new RecordSheet(zone, deps.clock.now(), found);
    const made = file.flatMap((one) => add(sheet, one));
    for (let i = 0; i < names.length; i += MOST_NAMES)
      await checkOwn(tx, zone, names.slice(i, i + MOST_NAMES), lines);
    await sheet.write(tx, deps);
    const done = made.map(({ id, name, type }) => ({
      event: 'create',
      resourceId: id,
      name: `${name} ${type}`,
    }));
    const about = { actor: by, accountId: zone.accountId, zoneId: zone.id, resource: 'dns_record' } as const;
    await recordAll(tx, { ...about, done }, sheet.now);
    return made.length;
  });
}

/** Adds a record to the sheet, unless it is there. */
const add = (sheet: RecordSheet, { line, record }: FileRecord): ZoneRecord[] =>
  sheet.has(record) ? [] : [atLine(line, () => sheet.place(record))];

/** Throws `invalid_record` where one of the names lies in a zone of another account, below this one. */
async function checkOwn(
  tx: Tx,
  zone: PackZone,
  names: readonly string[],
  lines: ReadonlyMap<string, number>,
): Promise<void> {
  const bare = names.map((name) => name.replace(/^\*\./, ''));
  const deeper = await getDeeperZone(tx, zone, bare, 'others');
  const name = deeper && names.find((one) => `.${one}`.endsWith(`.${deeper.name}`));
  if (name === undefined) return;
  atLine(lines.get(name) ?? 0, () => {
    throw new Fault('invalid_record', `${name} lies in a zone of its own, which is not this account's`);
  });
}
