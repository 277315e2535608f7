/** Names that move in: what is imported serves until the managed pack in its place was shown, and orders go by a pace. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  carryAll,
  edgeNamed,
  givenCertificates,
  givenPack,
  givenZone,
  packOf,
  servedHosts,
  shown,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { givenCa } from '../../test/support/uploads.ts';
import { documentedRows } from '../ca/configuration.ts';
import { workMoveIns } from '../job/periodic/move-ins.ts';
import { days, hours, minutes } from '../kit/time.ts';
import type { MoveInStatus } from '../pack/move-in.ts';
import type { PackZone } from '../pack/pack.ts';
import { OPERATOR } from '../store/audit.ts';
import { findMoveIn, getMoveInByKey } from '../store/move-ins.ts';
import { getServing } from '../store/served-hosts.ts';
import { createMoveIn, foreseeMoveIn, type MoveInOutcome } from './create-move-in.ts';
import { deleteUpload } from './delete-upload.ts';
import { NOTHING_MANAGED } from './managed-policy.ts';
import { cancelMoveIn } from './prove-move-in.ts';
import { NO_QUOTAS } from './quotas.ts';

const ends = new AsyncDisposableStack();
const BLIND: TestJobDeps['showLeaf'] = async () => undefined;
const PER_HOUR = 60;
let deps: TestJobDeps;
let ca: Awaited<ReturnType<typeof givenCa>>;
before(async () => {
  const plain = await startJobDeps(ends);
  const row = { ...documentedRows.google, hasAgreedToTerms: true };
  const backups = { ...NOTHING_MANAGED.backups, rows: new Map([[row.name, row]]) };
  const managed = { ...NOTHING_MANAGED, rows: [row], backups, moveInOrders: PER_HOUR };
  deps = { ...plain, managed, edges: [edgeNamed('edge-a')], showLeaf: serves(plain) };
  ca = await givenCa(deps);
});
after(() => ends.disposeAsync());

/** An edge that shows the leaf of the pack that goes first for a name. */
const serves =
  ({ pool }: TestJobDeps): TestJobDeps['showLeaf'] =>
  async (_edge, { name, algorithm }) => {
    const pack = await getServing(pool, name, 'production');
    const { rows } = await pool.query<{ fingerprint: string }>(
      'select fingerprint from certificates where pack_id = $1 and algorithm = $2',
      [pack?.id, algorithm],
    );
    return rows[0] && shown(rows[0].fingerprint);
  };

const servingNow = async ({ name }: PackZone): Promise<string | undefined> =>
  (await getServing(deps.pool, name, 'production'))?.id;

const askFor = async (zone: PackZone, length = 90) => {
  const { certificate, private_key: privateKey } = await ca.issue([zone.name], { days: length });
  const given = { certificate, privateKey, bundleMethod: 'ubiquitous' } as const;
  return { zone, given, by: OPERATOR, validationMethod: 'txt' } as const;
};
const on = (more: Partial<TestJobDeps> = {}) => ({ ...deps, ...more, trust: ca.trust, quotas: NO_QUOTAS });
const work = (more: Partial<TestJobDeps> = {}) =>
  workMoveIns({ ...deps, ...more }, () => undefined, new AbortController().signal);

const statusOf = async (zone: PackZone, { move }: MoveInOutcome): Promise<MoveInStatus | undefined> =>
  (await findMoveIn(deps.pool, zone.accountId, move?.id ?? ''))?.status;

/** An import that serves, and a managed pack for the same name that was ordered for it and is issued. */
async function givenIssued(name: string) {
  const zone = await givenZone(deps, name);
  const outcome = await createMoveIn(on(), await askFor(zone));
  await carryAll(deps);
  const managed = await givenPack(deps, zone, { status: 'pending_deployment' });
  await givenCertificates(deps, managed);
  await deps.pool.query("update move_ins set status = 'ordered', pack_id = $2, due_at = $3 where id = $1", [
    outcome.move?.id,
    managed,
    deps.clock.now(),
  ]);
  await carryAll(deps);
  return { zone, outcome, managed, imported: outcome.packId ?? assert.fail() };
}

test('an import serves at once, the same twice is one, and a dry run stores nothing', async () => {
  const zone = await givenZone(deps, 'once.test');
  const ask = await askFor(zone);
  const dry = await foreseeMoveIn(on(), ask);
  assert.deepEqual([dry.action, dry.move, dry.packId], ['import', undefined, undefined]);
  assert.equal((await foreseeMoveIn(on(), ask)).action, 'import');
  const first = await createMoveIn(on(), ask);
  assert.equal(first.action, 'import');
  await carryAll(deps);
  assert.equal(await servingNow(zone), first.packId);
  const second = await createMoveIn(on(), ask);
  assert.deepEqual([second.action, second.packId], ['known', first.packId]);
  const { rows } = await deps.pool.query('select from packs where zone_id = $1', [zone.id]);
  assert.equal(rows.length, 1);
  await cancelMoveIn(deps, { zoneId: zone.id, id: first.move?.id ?? '', by: OPERATOR });
});

test('what is imported serves until every edge has shown the managed pack, and goes then', async () => {
  const { zone, outcome, managed, imported } = await givenIssued('taken-over.test');
  assert.equal((await packOf(deps, managed)).status, 'pending_deployment', 'behind what is imported');
  assert.equal(await servingNow(zone), imported);
  await work();
  assert.equal(await statusOf(zone, outcome), 'proving');
  assert.deepEqual(await servedHosts(deps, imported), [zone.name], 'still on the edges');
  deps.clock.advance(60);
  await carryAll(deps);
  assert.equal((await packOf(deps, managed)).status, 'active');
  assert.equal((await packOf(deps, imported)).status, 'active');
  await work();
  assert.equal(await statusOf(zone, outcome), 'done');
  await carryAll(deps);
  assert.equal((await packOf(deps, imported)).status, 'deleted');
  assert.equal(await servingNow(zone), managed);
});

test('where an edge does not show the managed pack, what was imported is back in its place, and it is tried again', async () => {
  const { zone, outcome, managed, imported } = await givenIssued('not-shown.test');
  await work();
  assert.equal(await servingNow(zone), managed);
  deps.clock.advance(minutes(16));
  await carryAll({ ...deps, showLeaf: BLIND });
  await work();
  assert.equal(await servingNow(zone), imported);
  const move = await findMoveIn(deps.pool, zone.accountId, outcome.move?.id ?? '');
  assert.equal(move?.status, 'ordered');
  assert.match(move?.why ?? '', /no proof by every edge within 15 minutes: .*edge-a/);
  deps.clock.advance(hours(1));
  await work();
  assert.equal(await servingNow(zone), managed);
  deps.clock.advance(60);
  await carryAll(deps);
  await work();
  assert.equal(await statusOf(zone, outcome), 'done');
});

test('one that its owner cancels is left as it is; one whose import he deletes is not ordered', async () => {
  const { zone, outcome, imported } = await givenIssued('cancelled.test');
  await work();
  await cancelMoveIn(deps, { zoneId: zone.id, id: outcome.move?.id ?? '', by: OPERATOR });
  assert.equal(await statusOf(zone, outcome), 'cancelled');
  assert.equal(await servingNow(zone), imported);
  const other = await givenZone(deps, 'deleted.test');
  const ask = await askFor(other, 20);
  const second = await createMoveIn(on(), ask);
  const upload = (await packOf(deps, second.packId ?? '')).upload ?? assert.fail();
  await deleteUpload(deps, { zoneId: other.id, id: upload.id, by: OPERATOR });
  deps.clock.advance(days(15));
  await work();
  assert.equal(await statusOf(other, second), 'cancelled');
  assert.equal(
    (await createMoveIn(on(), ask).catch((error: unknown) => error)) instanceof Error,
    true,
    'too old now',
  );
});

test('of many that are due at once, the one with the least time goes first, and no hour has more orders than may be', async () => {
  const zone = await givenZone(deps, 'many.test');
  const all: MoveInOutcome[] = [];
  for (let i = 0; i < 40; i++)
    all.push(
      await createMoveIn(on(), { zone, hosts: [`h${i}.many.test`], by: OPERATOR, validationMethod: 'txt' }),
    );
  const slots = all.map(({ plannedFor }) => plannedFor?.getTime() ?? 0);
  assert.deepEqual(
    slots,
    slots.toSorted((a, b) => a - b),
  );
  assert((slots.at(-1) ?? 0) - (slots[0] ?? 0) >= hours(1) * 1_000, 'names alone wait for their turn');
  const urgent = await givenZone(deps, 'urgent.test');
  const last = await createMoveIn(on(), await askFor(urgent, 20));
  deps.clock.advance(days(14));
  const ordered: number[] = [];
  for (let minute = 0; minute < 200; minute++) {
    const earlier = await countOrdered();
    await work();
    await work();
    const n = (await countOrdered()) - earlier;
    assert(n <= 1, `${n} at once`);
    if (n === 1) ordered.push(minute);
    if (ordered.length === 1)
      assert.notEqual(await statusOf(urgent, last), 'planned', 'it has the least time');
    deps.clock.advance(60);
  }
  assert.equal(ordered.length, 41, 'all get their turn');
  for (const from of ordered)
    assert(ordered.filter((at) => at >= from && at < from + 60).length * 2 <= PER_HOUR, 'orders of an hour');
});

const countOrdered = async (): Promise<number> => {
  const { rows } = await deps.pool.query<{ n: number }>(
    "select count(*)::int as n from move_ins where status = 'ordered'",
  );
  return rows[0]?.n ?? 0;
};

test('a process that ends after it ordered and before it wrote that down orders nothing twice', async () => {
  const zone = await givenZone(deps, 'killed.test');
  await createMoveIn(on(), { zone, hosts: ['a.killed.test'], by: OPERATOR, validationMethod: 'txt' });
  deps.clock.advance(hours(2));
  await work();
  const move = (await getMoveInByKey(deps.pool, zone.id, 'a.killed.test')) ?? assert.fail();
  assert.equal(move.status, 'ordered');
  await deps.pool.query("update move_ins set status = 'planned', due_at = $2 where id = $1", [
    move.id,
    deps.clock.now(),
  ]);
  deps.clock.advance(hours(1));
  await work();
  const { rows } = await deps.pool.query('select id from packs where zone_id = $1', [zone.id]);
  assert.deepEqual(rows, [{ id: move.packId }]);
  assert.equal((await getMoveInByKey(deps.pool, zone.id, 'a.killed.test'))?.status, 'ordered');
});

test('a clock that was ahead holds nothing up, and 0 orders an hour are none', async () => {
  const zone = await givenZone(deps, 'clock.test');
  await createMoveIn(on(), { zone, hosts: ['b.clock.test'], by: OPERATOR, validationMethod: 'txt' });
  await deps.pool.query("update move_in_pace set next_at = '2100-01-01'");
  deps.clock.advance(hours(2));
  await work({ managed: { ...deps.managed, moveInOrders: 0 } });
  assert.equal((await getMoveInByKey(deps.pool, zone.id, 'b.clock.test'))?.status, 'planned');
  await work();
  assert.equal((await getMoveInByKey(deps.pool, zone.id, 'b.clock.test'))?.status, 'ordered');
});

test('a name that no CA issues for waits, and says why', async () => {
  const zone = await givenZone(deps, 'nobody.test');
  await createMoveIn(on(), { zone, hosts: ['c.nobody.test'], by: OPERATOR, validationMethod: 'txt' });
  deps.clock.advance(hours(2));
  await work({ managed: { ...deps.managed, rows: [] } });
  const move = await getMoveInByKey(deps.pool, zone.id, 'c.nobody.test');
  assert.deepEqual([move?.status, move?.attempts], ['planned', 1]);
  assert.match(move?.why ?? '', /no CA that is configured here issues/);
});
