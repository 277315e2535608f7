/** Each statement on DNS records of a zone finds all that it needs in one piece of each table, as partitions.test.ts has it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Explained, explainingPool } from '../../test/support/explained.ts';
import { givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { type CutTable, cutTables, pieceOf } from '../../test/support/partitioned.ts';
import { documentedRows } from '../ca/configuration.ts';
import { changeRecords, type RecordWish } from '../operation/change-records.ts';
import { changeTotalTls } from '../operation/change-total-tls.ts';
import { deletePack } from '../operation/delete-pack.ts';
import { importRecords } from '../operation/import-records.ts';
import { keepTotalTls } from '../operation/keep-total-tls.ts';
import { NOTHING_MANAGED } from '../operation/managed-policy.ts';
import { NO_QUOTAS } from '../operation/quotas.ts';
import type { PackZone } from '../pack/pack.ts';
import type { RecordTerms } from '../record/record.ts';
import { OPERATOR } from './audit.ts';
import { listRecordPage } from './dns-record-list.ts';
import { getRecord, listRecordsBehind } from './dns-records.ts';
import { getManagedSettings, lockManagedPacks } from './managed.ts';
import { published } from './published-names.ts';
import { suffixesOf } from './published-records.ts';
import { transaction } from './store.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let tables: CutTable[];
let zone: PackZone;
const seen: Explained[] = [];
before(async () => {
  const plain = await startJobDeps(ends);
  tables = await cutTables(plain.pool);
  zone = await givenZone(plain, 'zone.test');
  const pool = explainingPool(plain.pool, seen);
  ends.defer(() => pool.end());
  deps = { ...plain, pool };
});
after(() => ends.disposeAsync());

const isOfZone = (table: string): boolean =>
  tables.some(({ name, column }) => name === table && column === 'cell');

const change = (...wishes: RecordWish[]) =>
  changeRecords({ ...deps, quotas: { ...NO_QUOTAS, records: 9 } }, { zone, wishes, by: OPERATOR });
const record = (name: string, content: string): RecordTerms => ({
  name: `${name}.${zone.name}`,
  type: 'A',
  content,
  ttl: 60,
  isProxied: false,
  comment: undefined,
  tags: [],
});

const create = (name: string): RecordWish => ({
  kind: 'create',
  pointer: '',
  record: record(name, '192.0.2.1'),
});

test('DNS records of a zone are made, changed, listed, got, answered and taken away inside one piece', async () => {
  const [first, second] = await change(create('*'), create('a.b'));
  const id = first?.id ?? '';
  await change({ kind: 'change', pointer: '', id: second?.id ?? '', to: () => record('c', '192.0.2.2') });
  const filter = {
    zoneId: zone.id,
    isAll: true,
    isAllTags: true,
    search: 'example',
    isDescending: false,
  } as const;
  const named = { field: 'name', way: 'contains', value: 'c' } as const;
  const pages = { page: 1, perPage: 5 };
  await listRecordPage(deps.pool, { ...filter, conditions: [named], order: 'name' }, pages);
  assert.equal((await getRecord(deps.pool, zone.id, id))?.name, `*.${zone.name}`);
  const [answer] = await published(deps.pool, [
    { name: `x.${zone.name}`, suffixes: suffixesOf(`x.${zone.name}`), isDelegated: false },
  ]);
  assert.deepEqual([answer?.records.length, answer?.isUncovered], [1, false]);
  const file = [{ line: 1, record: record('d', '192.0.2.3') }];
  assert.equal(await importRecords({ ...deps, quotas: NO_QUOTAS }, { zone, file, by: OPERATOR }), 1);
  assert.equal(
    (await listRecordsBehind(deps.pool, zone.id, { name: `c.${zone.name}`, id: 'g' }, 5)).length,
    1,
  );
  await change({ kind: 'delete', pointer: '', id });
  assert(assertInOnePiece().includes('dns_records'));
});

/** Holds that every statement stayed inside one piece; the tables of a zone's life that they looked into. */
function assertInOnePiece(): string[] {
  const pieces = seen.map(({ text, relations }) => {
    const found = relations.flatMap((name) => pieceOf(name) ?? []).filter(({ table }) => isOfZone(table));
    assert(found.length === 0 || new Set(found.map(({ piece }) => piece)).size === 1, text);
    return found;
  });
  assert.equal(new Set(pieces.flat().map(({ piece }) => piece)).size, 1);
  return pieces.flat().map(({ table }) => table);
}

test('names of proxied records get packs of Total TLS, and are opted out, inside one piece', async () => {
  const row = { ...documentedRows.google, hasAgreedToTerms: true };
  const backups = { ...NOTHING_MANAGED.backups, rows: new Map([[row.name, row]]) };
  const on = { ...deps, managed: { ...NOTHING_MANAGED, rows: [row], backups } };
  seen.length = 0;
  await changeTotalTls(on, { zone, isTotalTlsOn: true, by: OPERATOR });
  await change({ kind: 'create', pointer: '', record: { ...record('www', '192.0.2.1'), isProxied: true } });
  const packs = await transaction(deps.pool, async (tx) => {
    const settings = await getManagedSettings(tx, zone.id);
    await keepTotalTls(tx, on, { zone, settings });
    return lockManagedPacks(tx, zone.id, 'total_tls');
  });
  assert.deepEqual(
    packs.map(({ hosts }) => hosts),
    [[`www.${zone.name}`]],
  );
  await deletePack(on, { zoneId: zone.id, id: packs[0]?.id ?? '', by: OPERATOR, isAsPack: true });
  const met = assertInOnePiece();
  for (const table of ['total_tls_looks', 'total_tls_opt_outs', 'pack_hosts', 'dns_records'])
    assert(met.includes(table), table);
});
