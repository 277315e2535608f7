/** Each statement on a keyless certificate finds all that it needs in one piece of each table, as partitions.test.ts has it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Explained, explainingPool } from '../../test/support/explained.ts';
import { edgeNamed, givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { assertInOnePiece, type CutTable, carryIn, cutTables } from '../../test/support/partitioned.ts';
import { make } from '../../test/support/pki.ts';
import { wishful } from '../../test/support/renewing.ts';
import { changeKeyless, deleteKeyless } from '../operation/change-keyless.ts';
import { createKeyless } from '../operation/create-keyless.ts';
import { NO_QUOTAS } from '../operation/quotas.ts';
import { recordKeyLook } from '../operation/record-key-look.ts';
import { PACK_STATUSES, type PackZone } from '../pack/pack.ts';
import { trustIn } from '../upload/trust.ts';
import { OPERATOR } from './audit.ts';
import { countKeyless, getKeyless, listKeyless, takeDueKeys } from './keyless.ts';
import { cellOf, EVERY_CELL } from './zone-key.ts';

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
  deps = { ...plain, pool, edges: [edgeNamed('edge-a')], showLeaf: wishful(plain) };
});
after(() => ends.disposeAsync());

test('a keyless certificate is brought, shown, looked at, changed, listed, deleted and removed inside one piece', async () => {
  const on = { ...deps, trust: trustIn([]), quotas: NO_QUOTAS, demandKeyPlace: () => undefined };
  const made = await make(deps.clock.now(), { hosts: [zone.name] });
  const by = OPERATOR;
  const request = { zoneId: zone.id, bodyHash: randomBytes(32) };
  const facts = { name: 'x', host: 'keys.test', port: 24_008 };
  const given = { certificate: made.pem, bundleMethod: 'force', facts, environment: 'production' } as const;
  const met = await assertInOnePiece({ tables, seen }, async () => {
    const { id } = await createKeyless(on, { zone, ...given, by, request, isRetry: true });
    await carryIn(on, zone);
    const of = { zoneId: zone.id, id, by };
    await recordKeyLook(on, { pack: { id, zone }, awaySince: undefined, why: 'it is away' });
    const moved = await changeKeyless(on, { ...of, facts: { name: 'y', host: undefined, port: 1 } });
    assert.deepEqual(moved, [{ environment: 'production', hosts: [zone.name] }]);
    await carryIn(on, zone);
    const found = await getKeyless(on.pool, { id, zone });
    assert.deepEqual([found?.status, found?.name, found?.host, found?.port], ['active', 'y', 'keys.test', 1]);
    assert.equal((await listKeyless(on.pool, zone.id, PACK_STATUSES, 5)).length, 1);
    await deleteKeyless(on, of);
    await carryIn(on, zone);
    on.clock.advance(121);
    await carryIn(on, zone);
    assert.equal(await getKeyless(on.pool, { id, zone }), undefined);
  });
  assert([...met].includes('keyless_certificates'));
});

test('keys that are due are taken once, those of some cells alone where these are named', async () => {
  const on = { ...deps, trust: trustIn([]), quotas: NO_QUOTAS, demandKeyPlace: () => undefined };
  const made = await make(deps.clock.now(), { hosts: [`due.${zone.name}`] });
  const facts = { name: 'x', host: 'keys.test', port: 24_008 };
  const { id } = await createKeyless(on, {
    zone,
    certificate: made.pem,
    bundleMethod: 'force',
    facts,
    environment: 'production',
    by: OPERATOR,
    request: { zoneId: zone.id, bodyHash: randomBytes(32) },
    isRetry: false,
  });
  const now = deps.clock.now();
  const until = new Date(now.getTime() + 30_000);
  const take = (cells: readonly number[]) => takeDueKeys(deps.pool, { cells, now, until, limit: 10 });
  assert.deepEqual(await take(EVERY_CELL.filter((cell) => cell !== cellOf(zone.id))), []);
  assert.deepEqual(
    (await take(EVERY_CELL)).map((one) => one.id),
    [id],
  );
  assert.deepEqual(await take(EVERY_CELL), [], 'another process does not take it meanwhile');
  assert.deepEqual(await countKeyless(deps.pool), { all: 1, away: 0 });
});
