import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import type { PackZone } from '../pack/pack.ts';
import type { RecordTerms, ZoneRecord } from '../record/record.ts';
import { type Actor, recordAll } from '../store/audit.ts';
import { listRecords } from '../store/dns-records.ts';
import { getDeeperZone } from '../store/names.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';
import { holdZone } from '../store/zones.ts';
import type { Quotas } from './quotas.ts';
import { RecordSheet } from './record-sheet.ts';

/** What is wanted of one record, and where it stands in the request: '' where it is all of it. */
export type RecordWish = { readonly pointer: string } & (
  | { readonly kind: 'delete'; readonly id: string }
  /** What it is to be, from what it is: another zone's owner may have changed it meanwhile. */
  | { readonly kind: 'change'; readonly id: string; readonly to: (before: ZoneRecord) => RecordTerms }
  /** With that id, where it is not to be a random one. */
  | { readonly kind: 'create'; readonly record: RecordTerms; readonly id?: string | undefined }
);

/** What a change of records needs. */
export interface RecordDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly quotas: Quotas;
}

/**
 * Makes, changes and takes away DNS records of a zone: all wishes, in their order, or none; each with what it came to, a
 * deleted record as it was. Throws `record_not_found`, `quota_reached`, `zone_not_found`, or why a record cannot be, with a
 * pointer into the request.
 */
export function changeRecords(
  deps: RecordDeps,
  {
    zone,
    wishes,
    by,
  }: { readonly zone: PackZone; readonly wishes: readonly RecordWish[]; readonly by: Actor },
): Promise<ZoneRecord[]> {
  return transaction(deps.pool, async (tx) => {
    await holdZone(tx, zone.id);
    const sheet = await readSheet(tx, deps, zone, wishes);
    const done = wishes.map((wish) => at(wish.pointer, () => carryOut(sheet, wish)));
    await checkDeeper(tx, zone, wishes, done);
    await sheet.write(tx, deps);
    const events = wishes.map(({ kind }, i) => ({ event: EVENTS[kind], ...named(done[i]) }));
    const about = { actor: by, accountId: zone.accountId, zoneId: zone.id, resource: 'dns_record' } as const;
    await recordAll(tx, { ...about, done: events }, sheet.now);
    return done;
  });
}

const EVENTS = { delete: 'delete', change: 'amend', create: 'create' } as const;

const named = (record: ZoneRecord | undefined) => ({
  resourceId: record?.id ?? '',
  name: `${record?.name} ${record?.type}`,
});

/** All that the wishes may meet. What a record becomes is known only from what it is, so its new name is read with it. */
async function readSheet(
  tx: Tx,
  { clock }: RecordDeps,
  zone: PackZone,
  wishes: readonly RecordWish[],
): Promise<RecordSheet> {
  const ids = wishes.flatMap((wish) => (wish.kind === 'create' ? [] : [wish.id]));
  const found = ids.length > 0 ? await listRecords(tx, zone.id, { ids, names: [] }) : [];
  const byId = new Map(found.map((one) => [one.id, one]));
  const names = wishes.flatMap((wish) => {
    if (wish.kind === 'create') return [wish.record.name];
    const one = byId.get(wish.id);
    return wish.kind === 'change' && one ? [at(wish.pointer, () => wish.to(one)).name] : [];
  });
  const beside = names.length > 0 ? await listRecords(tx, zone.id, { ids: [], names }) : [];
  for (const one of beside) byId.set(one.id, one);
  return new RecordSheet(zone, clock.now(), [...byId.values()]);
}

/** Does one thing on the sheet, under the rules as it then is. */
function carryOut(sheet: RecordSheet, wish: RecordWish): ZoneRecord {
  if (wish.kind === 'create') return sheet.place(wish.record, { ...(wish.id && { id: wish.id }) });
  const before = there(sheet, wish.id);
  sheet.remove(before);
  return wish.kind === 'delete' ? before : sheet.place(wish.to(before), before);
}

function there(sheet: RecordSheet, id: string): ZoneRecord {
  const record = sheet.get(id);
  if (record) return record;
  throw new Fault('record_not_found', `DNS record ${id.slice(0, 64)} does not exist`, { pointer: '/id' });
}

/** Throws `invalid_record` for a name in a zone of another account, below this one: that zone answers for it. */
async function checkDeeper(
  tx: Tx,
  zone: PackZone,
  wishes: readonly RecordWish[],
  done: readonly ZoneRecord[],
): Promise<void> {
  const written = done.filter((_, i) => wishes[i]?.kind !== 'delete');
  // The wildcard's own label is below the name that counts.
  const names = written.map(({ name }) => name.replace(/^\*\./, ''));
  const deeper = await getDeeperZone(tx, zone, names, 'others');
  if (!deeper) return;
  const i = done.findIndex((one) => written.includes(one) && `.${one.name}`.endsWith(`.${deeper.name}`));
  const pointer = `${wishes[i]?.pointer ?? ''}/name`;
  throw new Fault(
    'invalid_record',
    `${done[i]?.name} lies in a zone of its own, which is not this account's`,
    {
      pointer,
    },
  );
}

/** What goes wrong in `work` points at the place in the request that the work is for. */
function at<T>(pointer: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Fault) || pointer === '') throw error;
    throw new Fault(error.fault, error.message, { pointer: `${pointer}${error.pointer ?? ''}` });
  }
}
