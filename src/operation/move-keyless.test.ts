/** Keyless packs go to the edges that their owners say, and to no others. */
import assert from 'node:assert/strict';
import { randomBytes, X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { carryAll, givenZone, packOf, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { make } from '../../test/support/pki.ts';
import { asked, edgeAt } from '../../test/support/regions.ts';
import { CHECK } from '../../test/support/zone-scene.ts';
import { parseLeaf } from '../ca/leaf.ts';
import type { EdgeRow } from '../edge/edge.ts';
import { sealOf } from '../kit/seal.ts';
import type { Environment, PackStatus, PackZone } from '../pack/pack.ts';
import type { Restriction } from '../pack/region.ts';
import { pullSource } from '../serve/sources.ts';
import { OPERATOR } from '../store/audit.ts';
import { listChanges } from '../store/edge-changes.ts';
import { trustIn } from '../upload/trust.ts';
import { changeKeyless, type KeylessChange } from './change-keyless.ts';
import { changeZone } from './change-zone.ts';
import { createKeyless } from './create-keyless.ts';
import { NO_QUOTAS } from './quotas.ts';
import { recoverFromLostKey } from './recover-from-lost-key.ts';

const EDGES: readonly EdgeRow[] = [
  ...['de', 'fr', 'us', 'nowhere'].map(edgeAt),
  { ...edgeAt('pl'), environment: 'staging' },
];
const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
const on = () => ({ ...deps, trust: trustIn([]), quotas: NO_QUOTAS, demandKeyPlace: () => undefined });
before(async () => {
  const plain = await startJobDeps(ends);
  // As edges do: they pull, each under its name.
  const showLeaf: TestJobDeps['showLeaf'] = async (edge, { name, algorithm }) => {
    const { environment = 'production' } = EDGES.find((one) => one.name === edge.name) ?? {};
    const source = pullSource({ ...plain, edges: EDGES });
    const pair = (await source.packFor(name, environment, 'name', edge.name))?.certificates[algorithm];
    if (!pair) return undefined;
    assert.equal(pair.key, 'pkcs11:object=k1', 'where the key is, which is no key');
    const { fingerprint, notAfter, hosts } = parseLeaf(new X509Certificate(pair.chain).toString());
    return { fingerprint, subject: '', issuer: '', notAfter, hosts, protocol: 'TLSv1.3' };
  };
  deps = { ...plain, edges: EDGES, showLeaf };
});
after(() => ends.disposeAsync());

async function bring(zone: PackZone, environment: Environment, restriction?: Restriction): Promise<string> {
  const { pem: certificate } = await make(deps.clock.now(), { hosts: [zone.name], days: 90 });
  const facts = { name: 'x', host: 'pkcs11:object=k1', port: 24_008, restriction };
  const given = { zone, certificate, bundleMethod: 'force', facts, environment } as const;
  const { id } = await createKeyless(on(), { ...given, by: OPERATOR, ...asked(zone) });
  await carryAll(deps);
  return id;
}

/** Names of the edges that show anything for a zone's name, without what all have in common. */
async function shownBy({ name }: PackZone): Promise<string> {
  const shown: string[] = [];
  for (const edge of EDGES)
    if (await deps.showLeaf(edge, { name, algorithm: 'ecdsa' }, AbortSignal.timeout(5_000)))
      shown.push(edge.name.slice('edge-'.length));
  return shown.join(' ');
}

async function change(
  zone: PackZone,
  id: string,
  { facts = {}, environment }: Partial<Pick<KeylessChange, 'facts' | 'environment'>>,
): Promise<PackStatus> {
  await changeKeyless(on(), { zoneId: zone.id, id, by: OPERATOR, facts, environment });
  const meanwhile = await shownBy(zone);
  await carryAll(deps);
  if (environment === undefined)
    assert.notEqual(meanwhile, '', 'not a moment unserved at edges that keep it');
  return (await packOf(deps, id)).status;
}

test('one goes to the staging edges, to the others, and back, under its id, and the edges of both are told', async () => {
  const zone = await givenZone(deps, 'staged.test');
  const id = await bring(zone, 'staging');
  assert.equal((await packOf(deps, id)).status, 'staging_active');
  assert.equal(await shownBy(zone), 'pl');
  deps.clock.advance(1);
  const since = deps.clock.now();
  deps.clock.advance(1);
  assert.equal(await change(zone, id, { environment: 'production' }), 'active');
  assert.equal(await shownBy(zone), 'de fr us nowhere');
  const told = (await listChanges(deps.pool, since)).map(({ environment }) => environment);
  assert.deepEqual([...new Set(told)].toSorted(), ['production', 'staging']);
  assert.equal(await change(zone, id, { environment: 'staging' }), 'staging_active');
  assert.equal(await shownBy(zone), 'pl');
  assert.equal((await packOf(deps, id)).environment, 'staging');
});

test('one reaches no edge outside its places, also when these change, and is served meanwhile where it may be', async () => {
  const zone = await givenZone(deps, 'placed.test');
  const id = await bring(zone, 'production', { policy: 'region: EU' });
  assert.equal((await packOf(deps, id)).status, 'active');
  assert.equal(await shownBy(zone), 'de fr');
  assert.equal(await change(zone, id, { facts: { restriction: { policy: 'country: DE' } } }), 'active');
  assert.equal(await shownBy(zone), 'de');
  assert.equal(await change(zone, id, { facts: { name: 'y' } }), 'active');
  assert.equal(await shownBy(zone), 'de', 'what is not said stays');
  const wide = { policy: 'region: EU or country: US' };
  assert.equal(await change(zone, id, { facts: { restriction: wide } }), 'active');
  assert.equal(await shownBy(zone), 'de fr us');
  assert.deepEqual((await packOf(deps, id)).keptTo, wide);
  const nowhere = { policy: 'country: JP' };
  await changeKeyless(on(), { zoneId: zone.id, id, by: OPERATOR, facts: { restriction: nowhere } });
  assert.equal(await shownBy(zone), '');
  await carryAll(deps);
  const { rows } = await deps.pool.query(
    'select edge from deployments where pack_id = $1 and desired_ecdsa is not null',
    [id],
  );
  assert.deepEqual(rows, [], 'no edge is asked for it any more');
});

test('where no edge is surely in its places it waits, and says for whom', async () => {
  const zone = await givenZone(deps, 'far.test');
  const id = await bring(zone, 'production', { label: 'highest_security' });
  await changeKeyless(on(), {
    zoneId: zone.id,
    id,
    by: OPERATOR,
    facts: { restriction: { policy: 'country: JP' } },
  });
  assert.equal(await shownBy(zone), '');
  await carryAll(deps);
  const { status, validationErrors } = await packOf(deps, id);
  assert.equal(status, 'pending_deployment');
  assert.match(
    validationErrors.join(),
    /no production edge here is surely where the policy country: JP allows it to be served; the operator/,
  );
  // From there it can be taken to the staging edges, which no edge of production waits for.
  const to = { policy: 'country: PL' };
  await changeKeyless(on(), {
    zoneId: zone.id,
    id,
    by: OPERATOR,
    facts: { restriction: to },
    environment: 'staging',
  });
  await carryAll(deps);
  assert.equal((await packOf(deps, id)).status, 'staging_active');
  assert.equal(await shownBy(zone), 'pl');
});

test('one whose certificate has ended goes nowhere, and one in a paused zone when that is open again', async () => {
  const zone = await givenZone(deps, 'ended.test');
  const id = await bring(zone, 'production');
  deps.clock.advance(91 * 86_400);
  await assert.rejects(
    changeKeyless(on(), { zoneId: zone.id, id, by: OPERATOR, facts: {}, environment: 'staging' }),
    { fault: 'transition_refused' },
  );
  await deps.pool.query('update zones set is_paused = true where name = $1', [zone.name]);
  const held = await bring({ ...zone, isPaused: true }, 'production');
  assert.equal((await packOf(deps, held)).status, 'holding_deployment');
  await changeKeyless(on(), { zoneId: zone.id, id: held, by: OPERATOR, facts: {}, environment: 'staging' });
  await carryAll(deps);
  assert.equal((await packOf(deps, held)).status, 'holding_deployment');
  await deps.pool.query('update zones set is_paused = false where name = $1', [zone.name]);
  await deps.pool.query('update packs set due_at = $1 where id = $2', [deps.clock.now(), held]);
  await carryAll(deps);
  assert.equal((await packOf(deps, held)).status, 'staging_active');
});

/** One whose place was lost with the key-encryption key, and that is off the edges for that. */
async function lose(zone: PackZone, id: string): Promise<void> {
  const other = { ...deps, seal: sealOf(randomBytes(32)) };
  await recoverFromLostKey(other, [other.seal.id]);
  await carryAll(deps);
  assert.deepEqual([(await packOf(deps, id)).status, await shownBy(zone)], ['inactive', '']);
}

test('one that is off as its place was lost comes back when that is said again, or it is sent elsewhere', async () => {
  const zone = await givenZone(deps, 'back.test');
  const id = await bring(zone, 'production');
  await lose(zone, id);
  await changeKeyless(on(), { zoneId: zone.id, id, by: OPERATOR, facts: { host: 'pkcs11:object=k1' } });
  await carryAll(deps);
  const pack = await packOf(deps, id);
  assert.deepEqual([pack.status, pack.validationErrors], ['active', []]);
  assert.equal(await shownBy(zone), 'de fr us nowhere');
  await lose(zone, id);
  assert.equal(await change(zone, id, { environment: 'staging' }), 'staging_active');
  assert.equal(await shownBy(zone), 'pl');
});

for (const environment of [undefined, 'staging'] as const)
  test(`one that is off in a paused zone is held ${environment ? 'for the staging edges' : 'where it was'}, shown by no edge, and comes back when the pause ends`, async () => {
    const zone = await givenZone(deps, `paused-${environment ?? 'same'}.test`);
    const id = await bring(zone, 'production');
    await lose(zone, id);
    const pause = (isPaused: boolean) =>
      changeZone({ ...deps, zonePolicy: CHECK }, zone, { isPaused }, OPERATOR);
    await pause(true);
    await changeKeyless(on(), { zoneId: zone.id, id, by: OPERATOR, facts: { name: 'y' }, environment });
    for (const seconds of [1, 3_600]) {
      assert.deepEqual([(await packOf(deps, id)).status, await shownBy(zone)], ['holding_deployment', '']);
      deps.clock.advance(seconds);
      await carryAll(deps);
    }
    const covers = 'select 1 from served_hosts where pack_id = $1';
    assert.equal((await deps.pool.query(covers, [id])).rowCount, 0);
    await pause(false);
    await carryAll(deps);
    const { status, validationErrors } = await packOf(deps, id);
    assert.deepEqual([status, validationErrors], [environment ? 'staging_active' : 'active', []]);
    assert.equal(await shownBy(zone), environment ? 'pl' : 'de fr us nowhere');
  });

test('one that was not off yet when its zone was paused is off at once where it is held', async () => {
  const zone = await givenZone(deps, 'going.test');
  const id = await bring(zone, 'production');
  const other = { ...deps, seal: sealOf(randomBytes(32)) };
  await recoverFromLostKey(other, [other.seal.id]);
  assert.equal((await packOf(deps, id)).status, 'deactivating');
  await changeZone({ ...deps, zonePolicy: CHECK }, zone, { isPaused: true }, OPERATOR);
  await changeKeyless(on(), { zoneId: zone.id, id, by: OPERATOR, facts: { name: 'y' } });
  assert.deepEqual([(await packOf(deps, id)).status, await shownBy(zone)], ['holding_deployment', '']);
});

test('one that is served goes to edges of the other environment once its zone is not paused any more, and what an edge showed before is no matter there', async () => {
  const zone = await givenZone(deps, 'later.test');
  const id = await bring(zone, 'production');
  await deps.pool.query('update packs set drifted_on = $1 where id = $2', [deps.clock.now(), id]);
  const pause = (isPaused: boolean) =>
    changeZone({ ...deps, zonePolicy: CHECK }, zone, { isPaused }, OPERATOR);
  await pause(true);
  await changeKeyless(on(), { zoneId: zone.id, id, by: OPERATOR, facts: {}, environment: 'staging' });
  await carryAll(deps);
  const { status, driftedOn } = await packOf(deps, id);
  assert.deepEqual([status, driftedOn, await shownBy(zone)], ['holding_deployment', undefined, '']);
  await pause(false);
  await carryAll(deps);
  assert.deepEqual([(await packOf(deps, id)).status, await shownBy(zone)], ['staging_active', 'pl']);
});
