/** The record is whole, or what is wrong with it is named: on the database itself, with every hand that can write there. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  clear,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { days, after as later } from '../../kit/time.ts';
import { advance } from '../../operation/advance.ts';
import { deleteZone } from '../../operation/delete-zone.ts';
import { removeEmptyZones } from '../../operation/remove-empty-zones.ts';
import { lifeWork } from '../../operation/work.ts';
import { zoneEvent } from '../../operation/zone-event.ts';
import type { PackZone } from '../../pack/pack.ts';
import { OPERATOR, purgeAudit, recordAll, recordAudit } from '../audit.ts';
import { transaction } from '../store.ts';
import { holdZone } from '../zones.ts';
import type { ChainHead } from './chain-rows.ts';
import { type ChainFinding, listHeads, verifyChains } from './chains.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let zone: PackZone;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());
beforeEach(async () => {
  await clear(deps);
  await deps.pool.query('truncate audit, audit_checkpoints');
  zone = await givenZone(deps, 'one.test');
  await givenRecords();
});

/** A chain of eight records in the zone, and one of two in its account. */
async function givenRecords(): Promise<void> {
  const { pool, clock } = deps;
  const id = await givenPack(deps, zone);
  for (const event of ['done', 'done', 'done'] as const)
    await advance(pool, deps, lifeWork(await packOf(deps, id)), { event });
  await recordAudit(
    pool,
    zoneEvent('pause', zone, { id: 'a'.repeat(32), name: 'half a pair \ud83d', address: '::1' }),
    clock.now(),
  );
  const done = ['a', 'b', 'c'].map((name) => ({ event: 'create', resourceId: name.repeat(32), name }));
  const about = {
    actor: OPERATOR,
    accountId: zone.accountId,
    zoneId: zone.id,
    resource: 'dns_record',
    done,
  } as const;
  await transaction(pool, async (tx) => {
    await holdZone(tx, zone.id);
    await recordAll(tx, about, clock.now());
  });
  const token = { resource: 'api_token', resourceId: 'b'.repeat(32), name: undefined } as const;
  for (const event of ['create', 'roll'])
    await recordAudit(pool, { ...token, event, actor: OPERATOR, accountId: zone.accountId }, clock.now());
}

const LENGTH = 8;

async function headsNow(): Promise<ChainHead[]> {
  const heads: ChainHead[] = [];
  for await (const head of listHeads(deps.pool)) heads.push(head);
  return heads;
}

async function* given(heads: readonly ChainHead[]): AsyncGenerator<ChainHead> {
  yield* heads;
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** What is wrong, in words; with heads that were kept, or without. */
async function findings(kept?: readonly ChainHead[]): Promise<string[]> {
  const found: ChainFinding[] = [];
  await verifyChains(deps.pool, {
    kept: kept && given(kept),
    onFinding: (one) => found.push(one),
    onProgress: () => undefined,
  });
  return found.map(({ id, what, from, to }) => {
    assert(id === zone.id || id === zone.accountId, id);
    return `${what} ${from === to ? from : `${from}-${to}`}`;
  });
}

const alter = (sql: string, place: number) =>
  deps.pool.query(`update audit set ${sql} where zone_id = $1 and chain_place = $2`, [zone.id, place]);
const remove = (from: number, to: number) =>
  deps.pool.query('delete from audit where zone_id = $1 and chain_place between $2 and $3', [
    zone.id,
    from,
    to,
  ]);

test('a record that nobody touched is whole: two chains, of which the heads are the ends', async () => {
  const sums = await verifyChains(deps.pool, { onFinding: () => assert.fail(), onProgress: () => undefined });
  assert.deepEqual(sums, { chains: 2, records: LENGTH + 2, earlier: 0, findings: 0, outlived: 0 });
  const heads = await headsNow();
  assert.deepEqual(
    heads.map(({ id, place }) => `${id} ${place}`),
    [`${zone.id} ${LENGTH}`, `${zone.accountId} 2`].toSorted(byBytes),
  );
  assert.deepEqual(await findings(heads), []);
  await givenRecords();
  assert.deepEqual(await findings(heads), [], 'heads of before are heads on the way');
});

test('writers at once, and what they roll back, leave it whole', async () => {
  const { pool, clock } = deps;
  const note = (event: string) => recordAudit(pool, zoneEvent(event, zone, OPERATOR), clock.now());
  const broken = () =>
    transaction(pool, async (tx) => {
      await recordAudit(tx, zoneEvent('never', zone, OPERATOR), clock.now());
      throw new Error('on purpose');
    }).catch(() => undefined);
  await Promise.all(Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? broken() : note(`n${i}`))));
  assert.deepEqual(await findings(), []);
  assert.equal(Number((await headsNow()).find(({ id }) => id === zone.id)?.place), LENGTH + 20);
});

const ALTERATIONS = [
  `event = 'late'`,
  `actor = 'operator'`,
  `actor_name = 'someone'`,
  `made_on = made_on + interval '1 millisecond'`,
  `name = 'x'`,
  `account_id = repeat('0', 32)`,
  `details = '{}'`,
  `resource = 'zone', resource_id = 'x'`,
  `status = 'active', from_status = 'inactive'`,
  `pack_id = gen_random_uuid()`,
  `address = '10.0.0.1', request = 'x'`,
  `chain_hash = sha256('x')`,
];
test('a record that says something else is named, whatever of it was altered', async () => {
  for (const sql of ALTERATIONS) {
    await deps.pool.query('create table saved as select * from audit');
    await alter(sql, 3);
    assert.deepEqual(await findings(), ['altered 3'], sql);
    await deps.pool.query('truncate audit');
    await deps.pool.query('insert into audit select * from saved');
    await deps.pool.query('drop table saved');
  }
});

test('records that were taken out of the middle, or from the beginning, are named', async () => {
  await remove(3, 4);
  assert.deepEqual(await findings(), ['missing 3-4']);
  await remove(1, 1);
  assert.deepEqual(await findings(), ['missing 1', 'missing 3-4']);
});

/** Has records at two places exchange some columns. */
const swap = (columns: string) =>
  deps.pool.query(
    `update audit set (${columns}) = (select ${columns} from audit as other
         where other.zone_id = audit.zone_id and other.chain_place = 8 - audit.chain_place)
       where zone_id = $1 and chain_place in (3, 5)`,
    [zone.id],
  );

test('records that changed places are named, in each way in which that can be done', async () => {
  const SAID =
    'event, made_on, pack_id, from_status, status, actor, actor_name, address, request, resource, resource_id, name, details';
  await swap(SAID);
  assert.deepEqual(await findings(), ['reordered 3', 'reordered 5']);
  await swap(SAID);
  await swap(`${SAID}, chain_hash`);
  assert.deepEqual(await findings(), ['reordered 3', 'reordered 5']);
  await swap(`${SAID}, chain_hash`);
  await swap('chain_place');
  assert.deepEqual(await findings(), ['reordered 3', 'reordered 5']);
});

test('an end that was cut off is named by the zone’s row, and where that was set back too, by the heads that were kept', async () => {
  const heads = await headsNow();
  await remove(7, 8);
  assert.deepEqual(await findings(), ['cut 7-8']);
  await deps.pool.query(
    `update zones set chain_place = 6, chain_hash = (select chain_hash from audit where zone_id = id and chain_place = 6)
      where id = $1`,
    [zone.id],
  );
  assert.deepEqual(await findings(), [], 'what the database says is whole in itself');
  assert.deepEqual(await findings(heads), ['cut 7-8']);
  await givenRecords();
  assert.deepEqual(
    await findings(heads),
    ['rewritten 8'],
    'also when others were written in the place of those',
  );
});

test('a chain that is gone with its zone is named by the heads that were kept', async () => {
  const heads = await headsNow();
  await deps.pool.query('delete from audit where zone_id = $1', [zone.id]);
  await deps.pool.query('truncate packs, account_counts cascade');
  await deps.pool.query('delete from zones');
  assert.deepEqual(await findings(), []);
  assert.deepEqual(await findings(heads), ['gone 8']);
});

test('a record that was put in beside the chain is named', async () => {
  await deps.pool.query(
    `insert into audit (cell, zone_id, seq, made_on, account_id, event, actor)
     select cell, zone_id, max(seq) + 1, now(), account_id, 'done', 'operator' from audit where zone_id = $1 group by 1, 2, 5`,
    [zone.id],
  );
  assert.match((await findings()).join(), /^unchained \d+$/);
});

test('records from before the chains are counted, and the chain begins behind them', async () => {
  await deps.pool.query(
    `insert into audit (cell, zone_id, seq, made_on, account_id, event, actor)
     select cell, zone_id, 0 - i, now(), account_id, 'done', 'worker' from audit, generate_series(1, 3) as i
      where zone_id = $1 and chain_place = 1`,
    [zone.id],
  );
  const sums = await verifyChains(deps.pool, {
    onFinding: (one) => assert.fail(one.what),
    onProgress: () => undefined,
  });
  assert.deepEqual(sums, { chains: 2, records: LENGTH + 5, earlier: 3, findings: 0, outlived: 0 });
});

test('what is removed when its time is over leaves a chain that is whole from there on', async () => {
  const { pool, clock } = deps;
  const heads = await headsNow();
  clock.advance(days(2));
  await givenRecords();
  const between = await headsNow();
  await purgeAudit(pool, later(clock.now(), -days(1)));
  const sums = await verifyChains(pool, {
    kept: given(between),
    onFinding: (one) => assert.fail(one.what),
    onProgress: () => undefined,
  });
  assert.deepEqual(sums, { chains: 2, records: LENGTH + 2, earlier: 0, findings: 0, outlived: 0 });
  assert.deepEqual(await findings(heads), [], 'the kept head is the checkpoint');
  await remove(LENGTH + 1, LENGTH + 1);
  assert.deepEqual(await findings(), [`missing ${LENGTH + 1}`]);
  clock.advance(days(9));
  await purgeAudit(pool, clock.now());
  assert.deepEqual(await findings(between), []);
});

test('a record that a clock was ahead for keeps those behind it until its own time is over', async () => {
  const { pool, clock } = deps;
  await recordAudit(pool, zoneEvent('ahead', zone, OPERATOR), later(clock.now(), days(30)));
  await recordAudit(pool, zoneEvent('behind', zone, OPERATOR), clock.now());
  await purgeAudit(pool, later(clock.now(), 1));
  const { rows } = await pool.query('select event from audit where zone_id = $1 order by seq', [zone.id]);
  assert.deepEqual(rows, [{ event: 'ahead' }, { event: 'behind' }]);
  assert.deepEqual(await findings(), []);
});

test('the chain of a zone that is gone ends where it ended', async () => {
  const { pool } = deps;
  await deleteZone(deps, zone, OPERATOR);
  await pool.query('truncate packs, account_counts cascade');
  await removeEmptyZones(deps);
  assert.equal((await pool.query('select from zones')).rowCount, 0);
  assert.deepEqual(await findings(await headsNow()), []);
  await remove(LENGTH + 1, LENGTH + 1);
  assert.deepEqual(await findings(), [`cut ${LENGTH + 1}`]);
});
