/** Each statement on a zone finds all that it needs in one piece of each table, where the tables are cut by their keys. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { type Explained, explainedReader, explainingPool } from '../../test/support/explained.ts';
import {
  allVisible,
  edgeNamed,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import {
  assertInOnePiece,
  type CutTable,
  carryIn,
  cutTables,
  PIECES,
  piecesOf,
} from '../../test/support/partitioned.ts';
import { wishful } from '../../test/support/renewing.ts';
import { withCa as withSimulatedCa } from '../../test/support/simulator/with-ca.ts';
import { assertStored } from '../../test/support/stored.ts';
import { days } from '../kit/time.ts';
import { changeMethod } from '../operation/change-method.ts';
import { changePack } from '../operation/change-pack.ts';
import { changeUniversal } from '../operation/change-universal.ts';
import { createPack } from '../operation/create-pack.ts';
import { deletePack } from '../operation/delete-pack.ts';
import { NO_BACKUPS } from '../operation/insert-backup.ts';
import { NO_QUOTAS } from '../operation/quotas.ts';
import { retryValidations } from '../operation/retry-validations.ts';
import { revokePack } from '../operation/revoke-pack.ts';
import { type PackStatus, type PackZone } from '../pack/pack.ts';
import { OPERATOR } from './audit.ts';
import { claimDue } from './claims.ts';
import { listAccountPage } from './list/account-list.ts';
import { exportBatches } from './list/export.ts';
import { Lists } from './list/list.ts';
import type { PageAsk } from './list/page-ask.ts';
import { lockManagedPacks } from './managed.ts';
import { getAside } from './pack-aside.ts';
import { listStatuses } from './pack-statuses.ts';
import { getPack, getPackAt, listNames } from './packs.ts';
import { getRenderedJson } from './rendered-json.ts';
import { transaction } from './store.ts';
import { countVerified, listVerified } from './verifications.ts';
import { cellOf, EVERY_CELL } from './zone-key.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let tables: CutTable[];
const zones: PackZone[] = [];
const seen: Explained[] = [];
before(async () => {
  const plain = await startJobDeps(ends);
  tables = await cutTables(plain.pool);
  for (let i = 0; i < 12; i++) zones.push(await givenZone(plain, `zone-${i}.test`));
  const pool = explainingPool(plain.pool, seen);
  ends.defer(() => pool.end());
  deps = { ...plain, pool, precheckTxt: allVisible, edges: [edgeNamed('edge-a')], showLeaf: wishful(plain) };
});
after(() => ends.disposeAsync());

const inOnePiece = (work: () => Promise<unknown>) => assertInOnePiece({ tables, seen }, work);

/** A CA that issues, and the configuration that orders from it. */
async function withCa(t: TestContext) {
  const { at } = await withSimulatedCa(t, deps);
  const rows = new Map([...at.cas].map(([name, { row }]) => [name, row] as const));
  return { ...at, rows, isApexDemanded: false, quotas: NO_QUOTAS, backups: NO_BACKUPS };
}

const HASH = createHash('sha256').update('body').digest();

/** Orders a pack in a zone; its id. */
async function orderIn(on: Awaited<ReturnType<typeof withCa>>, zone: PackZone): Promise<string> {
  const order = {
    type: 'advanced',
    hosts: [zone.name, `www.${zone.name}`],
    certificateAuthority: 'lets_encrypt',
    validationMethod: 'txt',
    validityDays: 90,
    environment: 'production',
    isBranded: false,
  } as const;
  const request = { zoneId: zone.id, key: 'once', bodyHash: HASH };
  const ask = { zone, order, request, isRetry: true, by: OPERATOR };
  const { id } = await createPack(on, ask);
  assert.deepEqual(await createPack(on, ask), { id, isNew: false });
  return id;
}

const zoneAt = (i: number): PackZone => zones[i] ?? assert.fail();

test('tables of a zone’s life lead with its cell, those by which it is found with a name', () => {
  const byName = tables.filter(({ column }) => column !== 'cell');
  assert.deepEqual(
    byName.map(({ name, column }) => `${name} ${column}`),
    [
      'authorization_urls url',
      'hostname_owners hostname',
      'http_files host',
      'served_hosts host',
      'txt_records name',
      'zone_names name',
    ],
  );
  assert.equal(tables.length - byName.length, 41);
  assert(new Set(zones.map(({ id }) => cellOf(id))).size > 1);
});

test('a pack is ordered, claimed, issued, renewed, changed, revoked and removed inside one piece', async (t) => {
  const on = await withCa(t);
  const zone = zoneAt(0);
  let id = '';
  const statusIs = async (status: PackStatus) => assert.equal((await packOf(deps, id)).status, status);
  const looked = await inOnePiece(async () => {
    id = await orderIn(on, zone);
    for (const method of ['http', 'txt'] as const)
      await changeMethod(on, { zoneId: zone.id, id, by: OPERATOR, method });
    await retryValidations(on, { zoneId: zone.id, by: OPERATOR });
    await carryIn(on, zone);
    assert.equal((await listVerified(on.pool, zone, 10)).length, await countVerified(on.pool, zone.id));
  });
  await statusIs('active');
  const renewed = await inOnePiece(async () => {
    on.clock.advance(days(61));
    await carryIn(on, zone);
    await changePack(on, { zoneId: zone.id, id, by: OPERATOR, isBranded: true });
    await revokePack(on, { zoneId: zone.id, id, by: OPERATOR, reason: 'superseded' });
    await deletePack(on, { zoneId: zone.id, id, by: OPERATOR });
    await carryIn(on, zone);
  });
  await statusIs('deleted');
  const { rows } = await deps.pool.query("select from audit where event = 'renewed' and pack_id = $1", [id]);
  assert.equal(rows.length, 1);
  const removed = await inOnePiece(async () => {
    on.clock.advance(121);
    await carryIn(on, zone);
  });
  await assert.rejects(packOf(deps, id), /no pack/);
  const all = tables.filter(({ column }) => column === 'cell').map(({ name }) => name);
  const met = new Set([...looked, ...renewed, ...removed]);
  const others = all.filter((name) => !met.has(name));
  const expected = [
    'account_counts account_requests alert_deliveries alert_pagerduty alert_policies alert_readers alert_silences alert_told alert_webhooks',
    'audit audit_checkpoints bulk_failures bulk_jobs custom_csr_uses custom_csrs custom_hostname_packs custom_hostnames',
    'dns_published dns_records fallback_origins keyless_certificates move_ins pack_suffixes region_keys reorders token_keys total_tls_looks total_tls_opt_outs uploads',
  ];
  assert.equal(others.join(' '), expected.join(' '), 'written alone, or not there');
  await assertStored(deps.pool, deps.json);
});

test('a Universal pack is ordered, taken off and put back inside one piece', async (t) => {
  const { rows, ...on } = await withCa(t);
  const managed = { ...on.managed, rows: [...rows.values()] };
  const zone = zoneAt(0);
  await inOnePiece(async () => {
    const change = (isOn: boolean) => changeUniversal({ ...on, managed }, { zone, isOn, by: OPERATOR });
    await change(true);
    await carryIn(on, zone);
    await change(false);
    await carryIn(on, zone);
    await change(true);
  });
  const [pack] = await transaction(deps.pool, (tx) => lockManagedPacks(tx, zone.id, 'universal'));
  assert.equal(pack?.status, 'pending_deployment');
});

const FILTERS = [
  { status: 'all', environment: undefined },
  { status: 'active', environment: undefined },
  { status: 'initializing', environment: 'production' },
] as const;
/** Of an account's list. */
const ANY = {
  type: undefined,
  certificateAuthority: undefined,
  expiresBefore: undefined,
  expiresAfter: undefined,
  order: 'created_on',
  host: undefined,
  suffix: undefined,
} as const;

test('pages of a zone are read inside one piece, by every filter and way', async (t) => {
  const zone = zoneAt(1);
  for (let i = 0; i < 90; i++) await givenPack(deps, zone);
  const lists = new Lists(explainedReader(t, deps.pool));
  const page = async (ask: PageAsk) => {
    const version = (await lists.page(ask, -1, () => undefined))?.version ?? assert.fail();
    let shown = 0;
    await lists.page(ask, version, () => shown++);
    return shown;
  };
  for (const filter of FILTERS)
    await inOnePiece(async () => {
      // Often enough that the zone's counts are read into memory.
      for (const number of [1, 15, 16, 17, 18])
        assert.equal(
          await page({ zoneId: zone.id, ...filter, page: number, perPage: 5 }),
          filter.status === 'active' ? 0 : 5,
        );
    });
});

test('packs of a zone are walked, exported and got inside one piece', async (t) => {
  const zone = zoneAt(2);
  const hosts = ['a', 'b', 'c'].map((label) => `${label}.${zone.name}`);
  const ids: string[] = [];
  for (const host of hosts) ids.push(await givenPack(deps, zone, { hosts: [host] }));
  const reader = explainedReader(t, deps.pool);
  for (const filter of FILTERS)
    await inOnePiece(async () => {
      const ask = { ...filter, accountId: zone.accountId, zoneId: zone.id };
      const expected = filter.status === 'active' ? 0 : 3;
      const pages = await Promise.all(
        (['forwards', 'backwards'] as const).map((way) =>
          listAccountPage(reader, { ...ANY, ...ask }, { from: undefined, way, most: 20 }),
        ),
      );
      let exported = 0;
      for await (const batch of exportBatches(reader, ask, undefined)) exported += batch.length;
      assert.deepEqual([...pages.map(({ rows }) => rows.length), exported], [expected, expected, expected]);
    });
  await inOnePiece(async () => {
    const id = ids[1] ?? '';
    assert.equal((await getRenderedJson(deps.pool, zone.id, id))?.isWaiting, true);
    assert.equal((await getPack(deps.pool, zone.id, id))?.id, id);
    assert.equal((await getPackAt(deps.pool, zone.id, 2))?.id, id);
    assert.deepEqual(await listNames(deps.pool, { id, zone }), [hosts[1]]);
    assert.deepEqual((await getAside(deps.pool, { id, zone }, deps.clock.now()))?.edges, []);
    assert.equal((await listStatuses(deps.pool, [{ id, zone }])).filter(Boolean).length, 1);
  });
});

test('a worker that looks into every cell at once touches every piece', async (t) => {
  const on = await withCa(t);
  for (const zone of zones.slice(3)) await orderIn(on, zone);
  seen.length = 0;
  const wanted = { worker: 'test', cells: EVERY_CELL, most: 4, first: 0, inHand: [] };
  await claimDue(deps.pool, deps.clock, wanted);
  assert.equal(Math.max(...seen.map((one) => piecesOf({ tables, seen }, one).length)), PIECES);
});
