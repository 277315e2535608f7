/** Each statement on DNS records of a zone finds all that it needs in one piece of each table, as partitions.test.ts has it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Explained, explainingPool } from '../../test/support/explained.ts';
import { givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { type CutTable, cutTables, pieceOf } from '../../test/support/partitioned.ts';
import { changeRecords, type RecordWish } from '../operation/change-records.ts';
import { NO_QUOTAS } from '../operation/quotas.ts';
import type { PackZone } from '../pack/pack.ts';
import type { RecordTerms } from '../record/record.ts';
import { OPERATOR } from './audit.ts';
import { listRecordPage } from './dns-record-list.ts';
import { getRecord } from './dns-records.ts';
import { published } from './published-names.ts';
import { suffixesOf } from './published-records.ts';

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
  await change({ kind: 'delete', pointer: '', id });
  const pieces = seen.map(({ text, relations }) => {
    const found = relations.flatMap((name) => pieceOf(name) ?? []).filter(({ table }) => isOfZone(table));
    assert(found.length === 0 || new Set(found.map(({ piece }) => piece)).size === 1, text);
    return found;
  });
  assert.equal(new Set(pieces.flat().map(({ piece }) => piece)).size, 1);
  assert(pieces.flat().some(({ table }) => table === 'dns_records'));
});
