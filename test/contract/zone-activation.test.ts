/** Zones whose accounts have to show control of them, in a world whose registry delegates what it is told to. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Cloudflare from 'cloudflare';
import { ask } from '../../src/simulator/dns/ask.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { createToken } from '../../src/store/tokens.ts';
import { newClient } from '../support/client.ts';
import { startTestService, type TestService } from '../support/service.ts';

const ends = new AsyncDisposableStack();
let service: TestService;
before(async () => {
  service = await startTestService(ends, { options: { zone_activation: 'check' } });
});
after(() => ends.disposeAsync());

interface Tenant {
  readonly id: string;
  readonly client: Cloudflare;
}

async function tenant(): Promise<Tenant> {
  const { pool, client } = service;
  const { id } = await createAccount(pool, `t${Math.random()}`, new Date());
  const apiToken = await createToken(pool, { accountId: id, name: 't', access: 'write' }, new Date());
  return { id, client: newClient({ apiToken, baseURL: client.baseURL }) };
}

type ZoneType = 'full' | 'partial';
const make = ({ id, client }: Tenant, name: string, type: ZoneType) =>
  client.zones.create({ account: { id }, name, type });

async function publish(name: string, type: string, values: readonly string[]): Promise<void> {
  const body = JSON.stringify({ name, type, values });
  const answer = await fetch(`${service.simulator.control}/dns/records`, { method: 'PUT', body });
  assert.equal(answer.status, 200, await answer.text());
}

const check = ({ client }: Tenant, id: string): Promise<unknown> =>
  client.put(`/zones/${id}/activation_check`);

/** Waits for a zone to have a status; looks are asked for all the time. */
async function reach(who: Tenant, id: string, status: string) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const zone = await who.client.zones.get({ zone_id: id });
    if (zone.status === status) return zone;
    assert(Date.now() < deadline, `${zone.status}, not ${status}`);
    await check(who, id);
    await sleep(100);
  }
}

const order = ({ client }: Tenant, zoneId: string, hosts: string[]) =>
  client.ssl.certificatePacks.create({
    zone_id: zoneId,
    type: 'advanced',
    hosts,
    certificate_authority: 'lets_encrypt',
    validation_method: 'txt',
    validity_days: 90,
  });

async function assertRefused(answer: Promise<unknown>, words: RegExp): Promise<void> {
  await assert.rejects(answer, (error: unknown) => {
    assert(error instanceof Cloudflare.BadRequestError);
    assert.equal(error.errors[0]?.code, 1436);
    assert.match(error.errors[0]?.message ?? '', words);
    return true;
  });
}

async function activePack(who: Tenant, zoneId: string, hosts: string[]): Promise<void> {
  const { id } = await order(who, zoneId, hosts);
  const deadline = Date.now() + 40_000;
  for (;;) {
    const pack = await who.client.ssl.certificatePacks.get(id, { zone_id: zoneId });
    if (pack.status === 'active') return;
    assert(Date.now() < deadline, JSON.stringify(pack.validation_errors));
    await sleep(100);
  }
}

it('a zone that nobody delegated never gets a certificate, and never blocks who has the name', async () => {
  const [squatter, owner] = [await tenant(), await tenant()];
  const squat = await make(squatter, 'shop.test', 'full');
  const nested = await make(squatter, 'www.shop.test', 'full');
  await reach(squatter, squat.id, 'pending');
  await assertRefused(
    order(squatter, squat.id, ['shop.test']),
    /^the zone shop\.test is pending: nothing is ordered .*exactly its name_servers/,
  );
  const zone = await make(owner, 'shop.test', 'full');
  assert.equal(zone.name_servers.length, 2);
  assert.notDeepEqual(zone.name_servers, squat.name_servers);
  assert.equal(zone.activated_on, null);
  await publish('shop.test', 'NS', zone.name_servers);
  const active = await reach(owner, zone.id, 'active');
  assert(active.activated_on);
  await activePack(owner, zone.id, ['shop.test', '*.shop.test', 'www.shop.test']);
  await service.advance(30 * 86_400);
  for (const { id } of [squat, nested]) {
    await check(squatter, id);
    await reach(squatter, id, 'pending');
    await assertRefused(order(squatter, id, ['www.shop.test']), /is pending: nothing is ordered/);
    const packs = await squatter.client.ssl.certificatePacks.list({ zone_id: id, status: 'all' });
    assert.deepEqual(packs.result, []);
  }
});

it('a zone does not prove itself: what our name servers say of it is no word of the zone above', async () => {
  const [squatter, owner] = [await tenant(), await tenant()];
  const nested = await make(squatter, 'www.early.test', 'full');
  const zone = await make(owner, 'early.test', 'full');
  // From here on our servers are asked for the zone above, before it is known whose that is.
  await publish('early.test', 'NS', zone.name_servers);
  const looks: string[] = [];
  for (let i = 0; i < 10; i++) {
    await check(squatter, nested.id);
    await sleep(200);
    looks.push((await squatter.client.zones.get({ zone_id: nested.id })).status ?? '');
  }
  assert(!looks.includes('active'), looks.join(' '));
  await reach(owner, zone.id, 'active');
  await activePack(owner, zone.id, ['early.test', '*.early.test', 'www.early.test']);
  await reach(squatter, nested.id, 'pending');
});

it('a partial zone is active once its TXT record is seen, at once where it is asked for', async () => {
  const who = await tenant();
  const zone = await make(who, 'partial.test', 'partial');
  const { verification_key: key = '' } = zone;
  assert.match(key, /^\d+-\d+$/);
  assert.deepEqual(zone.name_servers, []);
  await reach(who, zone.id, 'pending');
  await publish('cloudflare-verify.partial.test', 'TXT', [key]);
  await reach(who, zone.id, 'active');
  const { status, verification_key } = await who.client.zones.get({ zone_id: zone.id });
  assert.deepEqual([status, verification_key], ['active', key]);
});

it('a pending zone of type full answers SOA and NS alone, those that it is to be delegated to', async () => {
  const who = await tenant();
  const zone = await make(who, 'quiet.test', 'full');
  await who.client.dns.records.create({
    zone_id: zone.id,
    type: 'TXT',
    name: 'quiet.test',
    content: '"kept"',
    ttl: 60,
  });
  const server = { address: '127.0.0.3', port: service.simulator.dnsPort };
  const told = async (name: string, type: 'NS' | 'TXT' | 'SOA') =>
    ask(server, { name, type }, AbortSignal.timeout(5_000));
  const names = (await told('quiet.test', 'NS')).answers?.map((one) => ('data' in one ? one.data : ''));
  assert.deepEqual(names, zone.name_servers);
  assert.equal((await told('quiet.test', 'SOA')).answers?.length, 1);
  assert.deepEqual((await told('quiet.test', 'TXT')).answers, []);
  await publish('quiet.test', 'NS', zone.name_servers);
  await reach(who, zone.id, 'active');
  assert.equal((await told('quiet.test', 'TXT')).answers?.length, 1);
});

it('a paused zone takes orders and holds what is issued; it says so, and goes on when that ends', async () => {
  const who = await tenant();
  const zone = await make(who, 'paused.test', 'full');
  await publish('paused.test', 'NS', zone.name_servers);
  await reach(who, zone.id, 'active');
  const paused = await who.client.zones.edit({ zone_id: zone.id, paused: true });
  assert.equal(paused.paused, true);
  const { id } = await order(who, zone.id, ['paused.test']);
  const reachPack = async (wanted: string) => {
    const deadline = Date.now() + 40_000;
    for (;;) {
      const { status } = await who.client.ssl.certificatePacks.get(id, { zone_id: zone.id });
      if (status === wanted) return;
      assert(Date.now() < deadline, `${status}, not ${wanted}`);
      await sleep(100);
    }
  };
  await reachPack('holding_deployment');
  await who.client.zones.edit({ zone_id: zone.id, paused: false });
  await reachPack('active');
});

it('lists of zones are filtered and sorted, with the count of all that match', async () => {
  const who = await tenant();
  for (const [name, type] of [
    ['b.list.test', 'full'],
    ['a.list.test', 'partial'],
    ['c.list.test', 'partial'],
  ] as const)
    await make(who, name, type);
  const list = async (query: Cloudflare.Zones.ZoneListParams) => {
    const { result, result_info: info } = await who.client.zones.list(query);
    return [result.map(({ name }) => name[0]).join(''), Reflect.get(info, 'total_count')];
  };
  assert.deepEqual(await list({}), ['bac', 3]);
  assert.deepEqual(await list({ order: 'name' }), ['abc', 3]);
  assert.deepEqual(await list({ order: 'name', direction: 'desc', per_page: 5, page: 2 }), ['', 3]);
  assert.deepEqual(await list({ status: 'active' }), ['', 0]);
  assert.deepEqual(await list({ type: ['partial'], order: 'name' }), ['ac', 2]);
  assert.deepEqual(await list({ name: 'starts_with:C.LIST' }), ['c', 1]);
  assert.deepEqual(await list({ name: 'starts_with_case_sensitive:C.LIST' }), ['', 0]);
  assert.deepEqual(await list({ name: 'not_equal:b.list.test', order: 'name' }), ['ac', 2]);
  assert.deepEqual(await list({ name: 'b.list.test', type: ['partial'], match: 'any', order: 'name' }), [
    'abc',
    3,
  ]);
  assert.deepEqual(await list({ account: { id: who.id, name: 'contains:nobody' } }), ['', 0]);
});
