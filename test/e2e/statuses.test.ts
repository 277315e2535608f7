/** Every status of the contract, each entered by something that happened in the stand-in, found by the list's filter. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, it } from 'node:test';
import { days, hours } from '../../src/kit/time.ts';
import { PACK_STATUSES, type PackStatus } from '../../src/pack/pack.ts';
import { givenZone, orderOf, type PackReply, publish } from '../support/order.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

const LIMIT = { timeout: 150_000 };
const CAS = ['google', 'lets_encrypt', 'ssl_com'] as const;

let world: DevWorld;
before(async () => {
  world = await startDev(['--port', '0', '--universal', 'on']);
});
after(() => world?.stop());

type Zone = Awaited<ReturnType<typeof givenZone>>;
type Pack = PackReply & { readonly backup_pack?: string };

/** Types by the statuses in which packs of them were listed. */
const met = new Map<PackStatus, Set<string>>(PACK_STATUSES.map((status) => [status, new Set<string>()]));

async function listed({ id }: Zone, status: PackStatus): Promise<Pack[]> {
  const query = { status, per_page: 50 };
  const page: { result: Pack[] } = await world.client.get(`/zones/${id}/ssl/certificate_packs`, { query });
  for (const pack of page.result) assert.equal(pack.status, status);
  for (const { type } of page.result) met.get(status)?.add(type);
  return page.result;
}

/** Waits until the list of that status has a pack of each of these types. */
const see = (zone: Zone, status: PackStatus, types: readonly string[] = ALL): Promise<Pack[]> =>
  until(
    () => listed(zone, status),
    (packs) => types.every((type) => packs.some((pack) => pack.type === type)),
    40,
  );

const BOTH = ['advanced', 'universal'];
const ALL = [...BOTH, 'total_tls'];

/** An order for names that no Universal pack has. */
const order = async (zone: Zone, change: object = {}): Promise<Pack> => {
  const { zone_id: _, ...body } = orderOf(zone, { hosts: [`a.b.${zone.name}`] });
  const path = `/zones/${zone.id}/ssl/certificate_packs/order`;
  const { result }: { result: Pack } = await world.client.post(path, { body: { ...body, ...change } });
  return result;
};

/** Has Total TLS on, and a proxied name that no other pack has. */
async function proxied({ id: zone_id, name }: Zone): Promise<void> {
  await world.client.acm.totalTLS.update({ zone_id, enabled: true });
  const record = { name: `c.d.${name}`, type: 'A', content: '192.0.2.1', ttl: 1, proxied: true } as const;
  await world.client.dns.records.create({ zone_id, ...record });
}

/** A zone of type `full` with a pack of each type. */
async function givenAll(change: object = {}): Promise<{ readonly zone: Zone; readonly pack: Pack }> {
  const zone = await givenZone(world, 'full');
  const pack = await order(zone, change);
  await proxied(zone);
  return { zone, pack };
}

const post = (zone: Zone, pack: Pick<Pack, 'id'>, verb: string): Promise<unknown> =>
  world.client.post(`/zones/${zone.id}/ssl/certificate_packs/${pack.id}/${verb}`, { body: {} });

/** Has every CA go wrong by these rules; none: right again. */
const disturb = (...faults: object[]): Promise<unknown> =>
  Promise.all(CAS.map((ca) => world.tell('PUT', `/ca/${ca}/faults`, { faults })));

const edge = (environment: string, isUp: boolean): Promise<unknown> =>
  world.tell('PUT', `/edges/${environment}`, { is_up: isUp });

/** Has the service keep its own packs of a zone on the edges, or not. */
async function turn({ id: zone_id }: Zone, enabled: boolean): Promise<void> {
  await world.client.ssl.universal.settings.edit({ zone_id, enabled });
  await world.client.acm.totalTLS.update({ zone_id, enabled });
}

/** Lets time pass, a week at most in one call. */
async function pass(seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= days(7))
    await world.tell('POST', '/clock', { advance_s: Math.min(left, days(7)) });
}

const now = async (): Promise<Date> => new Date((await world.tell<{ now: string }>('GET', '/state')).now);

/** First of all: whatever is there lives through these three months. */
it('active, backup_issued, pending_expiration, expired', LIMIT, async () => {
  const { zone } = await givenAll({ backup: true });
  await see(zone, 'backup_issued', BOTH);
  await see(zone, 'active');
  await disturb({ fault: 'cut' });
  await pass(days(82));
  const packs = await see(zone, 'pending_expiration');
  const ends = packs.flatMap(({ certificates }) =>
    certificates.map(({ expires_on: on }) => Date.parse(on ?? '')),
  );
  await pass((Math.max(...ends) - (await now()).getTime()) / 1_000 + 60);
  await see(zone, 'expired');
  await disturb();
});

it('initializing, initializing_timed_out', LIMIT, async () => {
  await disturb({ fault: 'cut' });
  const { zone } = await givenAll();
  await see(zone, 'initializing');
  await pass(hours(1));
  await see(zone, 'initializing_timed_out');
  await disturb();
});

it('pending_validation, validation_timed_out', LIMIT, async () => {
  const zone = await givenZone(world, 'partial');
  await order(zone);
  await see(zone, 'pending_validation', BOTH);
  await disturb({ fault: 'stall', on: 'challenge' });
  const { zone: other } = await givenAll();
  await see(other, 'pending_validation');
  await pass(days(14) + 60);
  await see(zone, 'validation_timed_out', BOTH);
  await see(other, 'validation_timed_out');
  await disturb();
});

it('pending_issuance, issuance_timed_out', LIMIT, async () => {
  await disturb({ fault: 'stall', on: 'finalize' });
  const { zone } = await givenAll();
  await see(zone, 'pending_issuance');
  await pass(days(1));
  await see(zone, 'issuance_timed_out');
  await disturb();
});

it('pending_deployment, deployment_timed_out', LIMIT, async () => {
  await edge('production', false);
  const { zone } = await givenAll();
  await see(zone, 'pending_deployment');
  await pass(days(1));
  await see(zone, 'deployment_timed_out');
  await edge('production', true);
});

it('staging_deployment, staging_active', LIMIT, async () => {
  await edge('staging', false);
  const zone = await givenZone(world, 'full');
  await order(zone, { deploy: 'staging' });
  await see(zone, 'staging_deployment', ['advanced']);
  await edge('staging', true);
  await see(zone, 'staging_active', ['advanced']);
});

it('holding_deployment', LIMIT, async () => {
  const zone = await givenZone(world, 'partial');
  await order(zone);
  const packs = await see(zone, 'pending_validation', BOTH);
  await world.client.zones.edit({ zone_id: zone.id, paused: true });
  for (const { dcv_delegation_records: records = [] } of packs)
    for (const { cname = '', cname_target: target = '' } of records)
      await publish(world, cname, 'CNAME', [target]);
  await see(zone, 'holding_deployment', BOTH);

  await disturb({ fault: 'stall', on: 'challenge', seconds: hours(1) });
  const { zone: other } = await givenAll();
  await see(other, 'pending_validation');
  await world.client.zones.edit({ zone_id: other.id, paused: true });
  await disturb();
  await pass(hours(3));
  await see(other, 'holding_deployment');
});

it('inactive, deactivating', LIMIT, async () => {
  const { zone, pack } = await givenAll({ backup: true });
  const backup = { id: pack.backup_pack ?? assert.fail() };
  await see(zone, 'backup_issued', BOTH);
  await see(zone, 'active');
  await post(zone, backup, 'failover');
  await turn(zone, false);
  await see(zone, 'inactive');

  await turn(zone, true);
  await see(zone, 'active');
  await edge('production', false);
  await turn(zone, false);
  await post(zone, pack, 'failover');
  await until(
    () => world.client.ssl.certificatePacks.get(pack.id, { zone_id: zone.id }),
    ({ validation_errors: errors = [] }) => errors.length > 0,
  );
  // The backup serves all the while: its pack, which no edge showed yet, goes again.
  await post(zone, backup, 'failover');
  await see(zone, 'deactivating');
  await edge('production', true);
});

it('pending_deletion, deletion_timed_out, pending_cleanup, deleted', LIMIT, async () => {
  const all = await Promise.all(Array.from({ length: 6 }, () => givenAll()));
  const zones = all.map(({ zone }) => zone);
  const packs = await Promise.all(zones.map((zone) => see(zone, 'active')));
  await edge('production', false);
  for (const [i, zone] of zones.entries())
    for (const pack of packs[i] ?? []) {
      if (pack.type === 'universal') await post(zone, pack, 'revoke');
      else await world.client.ssl.certificatePacks.delete(pack.id, { zone_id: zone.id });
    }
  for (const zone of zones) await see(zone, 'pending_deletion');
  await pass(days(1));
  for (const zone of zones) await see(zone, 'deletion_timed_out');
  const looking = lookClosely(zones, ['pending_cleanup', 'deleted']);
  await edge('production', true);
  await pass(hours(1));
  await looking;
});

it('an edge that is not there, or neither up nor down, is refused', async () => {
  await assert.rejects(world.tell('PUT', '/edges/nowhere', { is_up: false }), /there is no edge nowhere/);
  await assert.rejects(world.tell('PUT', '/edges/staging', { is_up: 'no' }), /is_up must be true or false/);
});

const isMet = (status: PackStatus): boolean => ALL.every((type) => met.get(status)?.has(type));

/** Looks without a pause until packs of all types were in these statuses: of one pack such a status lasts for milliseconds. */
async function lookClosely(zones: readonly Zone[], statuses: readonly PackStatus[]): Promise<void> {
  for (const end = performance.now() + 60_000; !statuses.every(isMet); ) {
    assert(performance.now() < end, statuses.filter((status) => !isMet(status)).join());
    await Promise.all(statuses.flatMap((status) => zones.map((zone) => listed(zone, status))));
  }
}

/** Types by status, as the page has them. */
function documented(): Map<string, string[]> {
  const page = readFileSync(new URL('../../docs/statuses.md', import.meta.url), 'utf8');
  return new Map(
    [...page.matchAll(/^\| `(\w+)` \|.*\| ([\w, ]+) \|$/gm)].map(([, status = '', types = '']) => [
      status,
      types.split(', '),
    ]),
  );
}

it('the page of the statuses has each of the 21, with the types that were met in it, and no other', () => {
  const told = documented();
  assert.deepEqual([...told.keys()].toSorted(), PACK_STATUSES.toSorted());
  for (const [status, types] of met) assert.deepEqual([...types].toSorted(), told.get(status), status);
});
