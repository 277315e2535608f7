/** Each statement on a custom CSR finds all that it needs in one piece of each table, as partitions.test.ts has it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Explained, explainingPool } from '../../test/support/explained.ts';
import { givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import {
  assertInOnePiece,
  type CutTable,
  cutTables,
  pieceOf,
  piecesOf,
} from '../../test/support/partitioned.ts';
import { asked, uploadKept } from '../../test/support/regions.ts';
import { givenCa } from '../../test/support/uploads.ts';
import { createCsr } from '../operation/create-csr.ts';
import { createUpload } from '../operation/create-upload.ts';
import { deleteCsr } from '../operation/delete-csr.ts';
import { NO_QUOTAS } from '../operation/quotas.ts';
import { toCsrTerms } from '../pack/custom-csr.ts';
import { pullSource } from '../serve/sources.ts';
import { OPERATOR } from './audit.ts';
import { CSR_ORDERS, getCsr, listCsrs } from './custom-csrs.ts';
import { listRegionKeys } from './region-keys.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let tables: CutTable[];
const seen: Explained[] = [];
before(async () => {
  const plain = await startJobDeps(ends);
  tables = await cutTables(plain.pool);
  const pool = explainingPool(plain.pool, seen);
  ends.defer(() => pool.end());
  deps = { ...plain, pool };
});
after(() => ends.disposeAsync());

const by = OPERATOR;

test('a custom CSR is made, shown, listed, used and deleted by statements that stay inside one piece: its account’s, or its zone’s', async () => {
  const zone = await givenZone(deps, 'csr.test');
  const ca = await givenCa(deps);
  const { accountId, id: zoneId } = zone;
  const subject = { common_name: 'csr.test', country: 'DE', state: 'x', locality: 'x', organization: 'x' };
  const terms = toCsrTerms({ ...subject, sans: ['csr.test'], key_type: 'p256v1' });
  seen.length = 0;
  const spare = await createCsr(deps, { accountId, zoneId: undefined, terms, by });
  const { id, csr } = await createCsr(deps, { accountId, zoneId, terms, by });
  assert.equal((await getCsr(deps.pool, { accountId, id }))?.zoneId, zoneId);
  for (const order of CSR_ORDERS)
    for (const isDescending of [true, false]) {
      const page = { page: 1, perPage: 5, order, isDescending };
      assert.equal((await listCsrs(deps.pool, { accountId, zoneId }, page)).total, 1);
    }
  const { certificate } = await ca.issue(['csr.test'], { csr });
  const given = { certificate, privateKey: undefined, bundleMethod: 'ubiquitous' } as const;
  const kind = { type: 'sni_custom', environment: 'production' } as const;
  const on = { ...deps, trust: ca.trust, quotas: NO_QUOTAS };
  await createUpload(on, { zone, given, ...kind, by, ...asked(zone) });
  await assert.rejects(deleteCsr(deps, { accountId, zoneId, id }, by), { fault: 'csr_in_use' });
  await deleteCsr(deps, { accountId, zoneId: undefined, id: spare.id }, by);
  for (const one of seen) assert(piecesOf({ tables, seen }, one).length <= 1, one.text);
  const met = seen.flatMap(({ relations }) => relations.map((name) => pieceOf(name)?.table ?? name));
  for (const table of ['custom_csrs', 'custom_csr_uses']) assert(met.includes(table), table);
});

test('a key of regions is stored, listed and handed out inside one piece', async () => {
  const zone = await givenZone(deps, 'kept.test');
  const ca = await givenCa(deps);
  const met = await assertInOnePiece({ tables, seen }, async () => {
    const { id } = await uploadKept(deps, ca, zone, { label: 'us' });
    assert((await listRegionKeys(deps.pool, { id, zone }))?.keys.length);
    assert.equal(await pullSource(deps).packFor(zone.name, 'production'), undefined);
  });
  assert([...met].includes('region_keys'));
});
