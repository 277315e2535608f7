/** The database of an earlier version, migrated: what it lists, and what it was in the middle of. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startTestDatabase } from '../../test/support/database.ts';
import {
  aheadOf,
  EARLIER_KEK,
  type Earlier,
  type EarlierCertificate,
  type EarlierOrder,
  fillEarlier,
  multiply,
  readEarlier,
} from '../../test/support/earlier/earlier.ts';
import { allVisible, carryAll, edgeNamed, jobDepsOn, packOf } from '../../test/support/job-deps.ts';
import { memoryAccounts } from '../../test/support/memory-accounts.ts';
import { wishful } from '../../test/support/renewing.ts';
import { simulatedCa, type TestCa } from '../../test/support/simulator/simulated-ca.ts';
import { assertStored } from '../../test/support/stored.ts';
import { createCa } from '../ca/registry.ts';
import { VirtualClock } from '../kit/clock.ts';
import { sealOf } from '../kit/seal.ts';
import { after, days } from '../kit/time.ts';
import { countRenewals } from './figure-counts.ts';
import { Lists } from './list/list.ts';
import { migrate } from './migrate.ts';
import { Reader } from './protocol/reader.ts';
import { openPool, type Pool } from './store.ts';

/** A database that the earlier version left. */
async function given(t: TestContext, earlier: Earlier): Promise<Pool> {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-earlier-'));
  chmodSync(dir, 0o711);
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const database = await startTestDatabase(dir);
  t.after(() => database.stop());
  const pool = openPool({ ...database.connection, max: 8 }, () => undefined);
  t.after(() => pool.end());
  await fillEarlier(pool, earlier);
  return pool;
}

const packFor = ({ tables: { packs } }: Earlier, label: string) =>
  packs.find(({ hosts }) => hosts[0]?.startsWith(`${label}.`)) ?? assert.fail(label);

test('ten thousand packs are listed with the same bytes as before', async (t) => {
  const earlier = readEarlier();
  const pool = await given(t, earlier);
  await multiply(pool, packFor(earlier, 'active').id, 10_000 - earlier.tables.packs.length);
  const { rows } = await pool.query<{ zone_id: string; wire: string }>(
    'select zone_id, wire from packs order by ord',
  );
  await migrate(pool);
  const reader = new Reader(pool, 1);
  t.after(() => reader.close());
  const lists = new Lists(reader);
  const listed: string[] = [];
  let total = 0;
  for (let page = 1; page === 1 || listed.length < total; page++) {
    const ask = {
      zoneId: rows[0]?.zone_id ?? '',
      status: 'all',
      environment: undefined,
      page,
      perPage: 50,
    } as const;
    const head = await lists.page(ask, -1, ({ bytes, start, end }) => {
      listed.push(bytes.toString('utf8', start, end));
    });
    total = head?.total ?? assert.fail();
    assert.equal(listed.length, Math.min(page * 50, total));
  }
  assert.equal(total, 10_000);
  assert.deepEqual(
    listed,
    rows.map(({ wire }) => wire),
  );
});

/** Where the earlier version's CA was, as a simulated CA has it. */
function movedTo({ server }: TestCa): (text: string) => string {
  const at = (path: string): string => new URL(path, server.directory).href;
  return (text) =>
    text
      .replaceAll(/https:\/\/ca\.test\/order\/([\da-f-]+)\/authz\/(\d)/g, at('/acme/authorization/$1-$2'))
      .replaceAll(/https:\/\/ca\.test\/order\/([\da-f-]+)\/challenge\/(\d)/g, at('/acme/challenge/$1-$2'))
      .replaceAll('https://ca.test/order/', at('/acme/order/'));
}

const lastOf = (url: string): string => url.split('/').at(-1) ?? '';
const orderIdOf = ({ url }: EarlierOrder): string => lastOf(url);

/** Has the CA know the orders that the earlier version made there. */
function remind({ server }: TestCa, { tables, at }: Earlier, accountId: string): void {
  const expires = after(new Date(at), days(7)).toISOString();
  for (const { state } of tables.orders) {
    const { url, authorizations } = state;
    const known = authorizations.map(({ url: place, name, status }) => ({
      id: lastOf(place),
      accountId,
      name,
      isWildcard: false,
      status,
      expires,
      challenge: { token: 'token', status },
    }));
    const order = {
      id: lastOf(url),
      accountId,
      names: known.map(({ name }) => name),
      authorizationIds: known.map(({ id }) => id),
      status: 'open',
      expires,
    } as const;
    server.ledger.record({ order, authorizations: known });
  }
}

/** The database that the earlier version left in the middle of renewals, migrated, in a world where its CA goes on. */
async function givenMidway(t: TestContext) {
  const clock = new VirtualClock(aheadOf(readEarlier()));
  const ca = await simulatedCa(t, { clock });
  const earlier = readEarlier(movedTo(ca));
  const account = ca.newAccount();
  remind(ca, earlier, lastOf(account.url));
  const pool = await given(t, earlier);
  await migrate(pool);
  const ends = new AsyncDisposableStack();
  t.after(() => ends.disposeAsync());
  const accounts = memoryAccounts();
  const key = account.key.export({ format: 'pem', type: 'pkcs8' }).toString();
  accounts.kept.set(`${ca.row.name} ${ca.row.directoryUrl}`, { key, url: account.url });
  const cas = new Map([[ca.row.name, createCa(ca.row, { accounts, clock })]]);
  const plain = { ...jobDepsOn(ends, pool), clock, seal: sealOf(EARLIER_KEK), cas };
  const on = { ...plain, precheckTxt: allVisible, edges: [edgeNamed('edge-a')], showLeaf: wishful(plain) };
  return { on, ca, earlier };
}

/** Packs of the fixture whose renewal is under way, with the status of that. */
const MIDWAY = {
  'at-order': 'initializing',
  'at-validation': 'pending_validation',
  'at-issuance': 'pending_issuance',
  'at-deployment': 'pending_deployment',
} as const;

const leavesIn = (table: readonly EarlierCertificate[], packId: string): readonly string[] =>
  table.filter(({ pack_id: id }) => id === packId).map(({ fingerprint }) => fingerprint);

test('renewals that were under way go on, each from where it was', async (t) => {
  const { on, ca, earlier } = await givenMidway(t);
  await countRenewals(on.pool, on.clock.now()); // says of each pack of which CA it is
  await assertStored(on.pool, on.json);
  const ids = Object.keys(MIDWAY).map((label) => packFor(earlier, label).id);
  const packs = () => Promise.all(ids.map((id) => packOf(on, id)));
  const before = await packs();
  assert.deepEqual(
    before.map(({ renewal }) => renewal?.run?.status),
    Object.values(MIDWAY),
  );
  for (let i = 0; i < 6; i++) {
    on.clock.advance(11);
    await carryAll(on);
  }
  for (const { id, hosts, status, renewal, certificates } of await packs()) {
    assert.deepEqual([status, renewal?.run], ['active', undefined], hosts[0]);
    const leaves = certificates.map(({ fingerprint }) => fingerprint);
    assert.equal(
      new Set([...leaves, ...leavesIn(earlier.tables.certificates, id)]).size,
      4,
      'two old, two new',
    );
    // What was issued already is not issued again.
    for (const leaf of leavesIn(earlier.tables.successors, id)) assert(leaves.includes(leaf));
  }
  // And what the CA had been asked for is what it was asked for on.
  for (const { state } of earlier.tables.orders)
    assert.equal(ca.server.ledger.orders.get(orderIdOf(state))?.status, 'valid');
  await assertStored(on.pool, on.json);
});
