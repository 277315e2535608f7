/** What a zone with Universal on comes to, whatever befalls its pack. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import {
  carryAll,
  clear,
  givenCertificates,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { givenPack as givenPackValue } from '../../test/support/pack.ts';
import type { CaRow } from '../ca/ca.ts';
import { documentedRows } from '../ca/configuration.ts';
import { days, hours } from '../kit/time.ts';
import type { Pack, PackZone } from '../pack/pack.ts';
import { lifeOf } from '../pack/run.ts';
import { OPERATOR } from '../store/audit.ts';
import { lockManagedPacks } from '../store/managed.ts';
import { transaction } from '../store/store.ts';
import { getZone } from '../store/zones.ts';
import { changeUniversal } from './change-universal.ts';
import { changeZone } from './change-zone.ts';
import { createZone } from './create-zone.ts';
import { deleteZone } from './delete-zone.ts';
import { NO_BACKUPS } from './insert-backup.ts';
import { keepManaged } from './keep-managed.ts';
import { NOTHING_MANAGED } from './managed-policy.ts';
import { NO_QUOTAS } from './quotas.ts';
import { revokePack } from './revoke-pack.ts';
import { zoneBecameActive } from './zone-became-active.ts';

const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
before(async () => {
  plain = await startJobDeps(ends);
});
beforeEach(() => clear(plain));
after(() => ends.disposeAsync());

const row = (name: keyof typeof documentedRows, other: Partial<CaRow> = {}): CaRow => ({
  ...documentedRows[name],
  hasAgreedToTerms: true,
  ...other,
});
const ROWS = [row('google'), row('lets_encrypt'), row('ssl_com')];
const ON = { full: true, partial: true };

type Deps = TestJobDeps & { readonly quotas: typeof NO_QUOTAS };

const withRows = (rows: readonly CaRow[], isUniversalOn = ON): Deps => ({
  ...plain,
  quotas: NO_QUOTAS,
  managed: { ...NOTHING_MANAGED, isUniversalOn, rows },
});

/** A new zone of an account of its own. */
async function newZone(
  deps: Deps,
  name: string,
  { accountId, type = 'full' }: { accountId?: string; type?: 'full' | 'partial' } = {},
): Promise<PackZone> {
  const { accountId: own } = await givenZone(plain, `owner-of-${name}`);
  const account = accountId ?? own;
  const id = await createZone(deps, { accountId: account, name, type }, OPERATOR);
  return (await getZone(plain.pool, account, id)) ?? assert.fail();
}

/** The same, with backups. */
function backedBy(rows: readonly CaRow[]): Deps {
  const deps = withRows(rows);
  const backups = { ...NO_BACKUPS, isUniversal: true };
  const offered = { rows: new Map(rows.map((one) => [one.name, one])), backups };
  return { ...deps, managed: { ...deps.managed, backups: offered } };
}

const packsOf = ({ id }: PackZone): Promise<Pack[]> =>
  transaction(plain.pool, (tx) => lockManagedPacks(tx, id, 'universal'));

const idsOf = async (zone: PackZone): Promise<string[]> => (await packsOf(zone)).map(({ id }) => id);

async function onlyPack(zone: PackZone): Promise<Pack> {
  const [pack, ...more] = await packsOf(zone);
  assert.deepEqual(more, []);
  return pack ?? assert.fail('no pack');
}

/** Works on all that is due, time after time, until an instant. */
async function live(deps: Deps, seconds: number): Promise<void> {
  plain.clock.advance(seconds);
  await carryAll(deps);
  while (await keepManaged(deps));
}

it('the first of the wanted CAs that issues for the names is asked, for 90 days where it offers them', async () => {
  const cases = [
    [ROWS, 'google', 90],
    [[row('google', { allowsWildcard: false }), row('lets_encrypt')], 'lets_encrypt', 90],
    [[row('google', { hasAgreedToTerms: false }), row('ssl_com')], 'ssl_com', 90],
    [[row('google', { validityDays: [14, 30] })], 'google', 30],
  ] as const;
  for (const [i, [rows, ca, length]] of cases.entries()) {
    const pack = await onlyPack(await newZone(withRows(rows), `ca-${i}.test`));
    assert.deepEqual(
      [pack.certificateAuthority, pack.validityDays, pack.validationMethod],
      [ca, length, 'txt'],
    );
  }
  const idn = await onlyPack(await newZone(withRows(ROWS), 'xn--bcher-kva.test'));
  assert.equal(idn.certificateAuthority, 'lets_encrypt', 'google issues for no internationalized names');
});

it('where no CA issues it is tried again, and ordered as soon as one does', async () => {
  const none = withRows([row('google', { allowsWildcard: false })]);
  const zone = await newZone(none, 'none.test');
  assert.deepEqual(await packsOf(zone), []);
  await live(none, hours(1));
  assert.deepEqual(await packsOf(zone), []);
  assert.equal(await keepManaged(withRows(ROWS)), false, 'not before its time');
  await live(withRows(ROWS), hours(1));
  assert.equal((await onlyPack(zone)).certificateAuthority, 'google');
});

it('is on for the types of zones that the operator says, and as it is where the zone becomes active again', async () => {
  const deps = withRows(ROWS, { full: true, partial: false });
  const partial = await newZone(deps, 'partial.test', { type: 'partial' });
  assert.deepEqual(await packsOf(partial), []);
  const full = await newZone(deps, 'full.test');
  const { id } = await onlyPack(full);
  for (const zone of [full, partial])
    await transaction(plain.pool, (tx) => zoneBecameActive(tx, deps, zone, plain.clock.now()));
  assert.equal((await onlyPack(full)).id, id);
  assert.deepEqual(await packsOf(partial), []);
});

it('a zone that was there before has none until its owner switches it on', async () => {
  const zone = await givenZone(plain, 'earlier.test');
  await live(withRows(ROWS), days(1));
  assert.deepEqual(await packsOf(zone), []);
  assert.equal(await changeUniversal(withRows(ROWS), { zone, isOn: true, by: OPERATOR }), true);
  assert.equal((await onlyPack(zone)).status, 'initializing');
  assert.equal(await changeUniversal(withRows(ROWS), { zone, isOn: true, by: OPERATOR }), false);
});

it('the names below a zone are left out where one of them is a zone of its own', async () => {
  const deps = withRows(ROWS);
  const below = await newZone(deps, 'shop.nested.test');
  const zone = await newZone(deps, 'nested.test', { accountId: below.accountId });
  assert.deepEqual((await onlyPack(zone)).hosts, ['nested.test']);
  assert.deepEqual((await onlyPack(below)).hosts, ['shop.nested.test', '*.shop.nested.test']);
});

it('a pack that nobody could order is ordered at the next CA, an hour after it was given up', async () => {
  const deps = withRows(ROWS);
  const zone = await newZone(deps, 'given-up.test');
  const cas = [];
  for (let i = 0; i < 4; i++) {
    const pack = await onlyPack(zone);
    cas.push(pack.certificateAuthority);
    await carryAll(deps); // no CA answers here
    await live(deps, hours(1));
    assert.equal((await packOf(plain, pack.id)).status, 'initializing_timed_out');
    await live(deps, hours(1) - 60);
    assert.equal((await onlyPack(zone)).id, pack.id);
    await live(deps, 61);
    assert.equal((await packOf(plain, pack.id)).status, 'pending_deletion');
  }
  assert.deepEqual(cas, ['google', 'lets_encrypt', 'ssl_com', 'google']);
});

it('a pack that is replaced takes its backup along, and a zone that is paused waits', async () => {
  const deps = backedBy(ROWS);
  const zone = await newZone(deps, 'backed.test');
  const first = await packsOf(zone);
  assert.deepEqual(
    first.map(({ pair, certificateAuthority }) => [pair?.role, certificateAuthority]),
    [
      ['ordered', 'google'],
      ['backup', 'lets_encrypt'],
    ],
  );
  await live(deps, hours(1)); // no CA answers here
  await changeZone(deps, zone, { isPaused: true }, OPERATOR);
  await live(deps, hours(2));
  assert.deepEqual(
    await idsOf(zone),
    first.map(({ id }) => id),
  );
  await changeZone(deps, zone, { isPaused: false }, OPERATOR);
  const second = await packsOf(zone);
  assert.deepEqual(
    second.map(({ pair, certificateAuthority }) => [pair?.role, certificateAuthority]),
    [
      ['ordered', 'lets_encrypt'],
      ['backup', 'google'],
    ],
  );
  for (const { id } of first) assert.equal((await packOf(plain, id)).status, 'pending_deletion');
});

it('nothing is taken up where Universal was switched off, or the zone went', async () => {
  const deps = withRows(ROWS);
  const off = await newZone(deps, 'off.test');
  const gone = await newZone(deps, 'gone.test');
  await changeUniversal(deps, { zone: off, isOn: false, by: OPERATOR });
  await deleteZone(plain, gone, OPERATOR);
  for (let i = 0; i < 4; i++) await live(deps, hours(1));
  assert.deepEqual(await packsOf(off), []);
  assert.ok((await packsOf(gone)).length <= 1);
});

it('a pack that was revoked is ordered anew, by one process of all that look', async () => {
  const deps = withRows(ROWS);
  const zone = await newZone(withRows([]), 'revoked.test');
  await live(withRows([]), hours(1));
  const { id } = await givenRenewing(zone, 'none');
  await revokePack(plain, { zoneId: zone.id, id, by: OPERATOR, reason: 'superseded' });
  assert.deepEqual(await packsOf(zone), []);
  const looks = await Promise.all(Array.from({ length: 4 }, () => keepManaged(deps)));
  assert.deepEqual(
    looks.filter((isDone) => isDone),
    [true],
  );
  assert.notEqual((await onlyPack(zone)).id, id);
});

/** A Universal pack with certificates, whose renewal got as far as that. */
async function givenRenewing(zone: PackZone, coming: 'all' | 'none'): Promise<Pack> {
  const now = plain.clock.now();
  const renewal = {
    at: now,
    run: { ...lifeOf(NOTHING), kind: 'renewal', status: 'pending_deployment' },
  } as const;
  const of = { type: 'universal', status: 'active', hosts: [zone.name, `*.${zone.name}`], renewal } as const;
  const id = await givenPack(plain, zone, of);
  await givenCertificates(plain, id);
  if (coming === 'all') await plain.pool.query(COMING, [id]);
  return packOf(plain, id);
}

const NOTHING = givenPackValue({ certificates: [] });
/** Next certificates like the present ones, but for their fingerprints. */
const COMING = `
  insert into successors (cell, zone_id, pack_id, algorithm, id, hosts, issuer, signature, fingerprint, serial, not_before,
    not_after, uploaded_on, modified_on, chain, sealed_key)
  select cell, zone_id, pack_id, algorithm, gen_random_uuid(), hosts, issuer, signature, 'next ' || algorithm, serial, not_before,
    not_after, uploaded_on, modified_on, chain, sealed_key from certificates where pack_id = $1`;

for (const coming of ['all', 'none'] as const)
  it(`what was being renewed comes back with ${coming === 'all' ? 'its next' : 'its present'} certificates, and no renewal`, async () => {
    const deps = withRows(ROWS);
    const zone = await newZone(withRows([]), `renewing-${coming}.test`);
    const pack = await givenRenewing(zone, coming);
    await changeUniversal(deps, { zone, isOn: false, by: OPERATOR });
    assert.equal((await onlyPack(zone)).status, 'deactivating');
    await changeUniversal(deps, { zone, isOn: true, by: OPERATOR });
    const back = await onlyPack(zone);
    assert.deepEqual([back.id, back.status, back.renewal], [pack.id, 'pending_deployment', undefined]);
    const expected =
      coming === 'all' ? ['next ecdsa', 'next rsa'] : pack.certificates.map(({ fingerprint }) => fingerprint);
    assert.deepEqual(
      back.certificates.map(({ fingerprint }) => fingerprint),
      expected,
    );
  });
