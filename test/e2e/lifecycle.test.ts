/** The rarer parts of a pack's life, with the clock, the edges and the CAs in the test's hands. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { showLeaf } from '../../src/edge/handshake.ts';
import { days, hours } from '../../src/kit/time.ts';
import type { PackReply } from '../support/order.ts';
import { startTestService, type TestEdge, type TestService } from '../support/service.ts';
import { until } from '../support/world.ts';

let service: TestService;
const ends = new AsyncDisposableStack();
before(async () => {
  service = await startTestService(ends);
});
after(() => ends.disposeAsync());

let zones = 0;

async function givenZone(type: 'full' | 'partial' = 'full'): Promise<{ id: string; name: string }> {
  zones += 1;
  const { client, accountId } = service;
  return client.zones.create({ account: { id: accountId }, name: `life-${zones}.test`, type });
}

async function ordered() {
  const zone = await givenZone();
  return { zone, pack: await order(zone) };
}

const order = (zone: { id: string; name: string }): Promise<PackReply> =>
  service.client.ssl.certificatePacks.create({
    zone_id: zone.id,
    type: 'advanced',
    hosts: [zone.name],
    certificate_authority: 'lets_encrypt',
    validation_method: 'txt',
    validity_days: 14,
  });

const reach = (zone: { id: string }, { id }: { id: string }, status: string): Promise<PackReply> =>
  until(
    () => service.client.ssl.certificatePacks.get(id, { zone_id: zone.id }),
    (pack) => pack.status === status,
  );

const said = (pack: PackReply): string => pack.validation_errors?.map(({ message }) => message).join() ?? '';

const shown = (edge: TestEdge | undefined, name: string) =>
  showLeaf(edge ?? assert.fail(), { name, algorithm: 'ecdsa' }, AbortSignal.timeout(5_000));

it('an edge that is down keeps a pack from active and is named; the other edge serves meanwhile', async () => {
  const [a, b] = service.edges;
  await b?.stop();
  const { zone, pack } = await ordered();
  const waiting = await until(
    () => service.client.ssl.certificatePacks.get(pack.id, { zone_id: zone.id }),
    (seen) => said(seen).includes('edge-b'),
  );
  assert.equal(waiting.status, 'pending_deployment');
  assert.ok(await shown(a, zone.name));
  await b?.start();
  const active = await reach(zone, pack, 'active');
  assert.equal(said(active), '');
});

it('a deployment that lasts a day times out, and a restart tries it again', async () => {
  const [, b] = service.edges;
  await b?.stop();
  const { zone, pack } = await ordered();
  await reach(zone, pack, 'pending_deployment');
  await service.advance(days(1));
  await reach(zone, pack, 'deployment_timed_out');
  await b?.start();
  await service.client.ssl.certificatePacks.edit(pack.id, { zone_id: zone.id });
  await reach(zone, pack, 'active');
});

it('a deleted pack is gone only when every edge let go, and cleaned up when a lost edge answers again', async () => {
  const [, b] = service.edges;
  const { zone, pack } = await ordered();
  await reach(zone, pack, 'active');
  await b?.stop();
  await service.client.ssl.certificatePacks.delete(pack.id, { zone_id: zone.id });
  await until(
    () => service.client.ssl.certificatePacks.get(pack.id, { zone_id: zone.id }),
    (seen) => seen.status === 'pending_deletion' && said(seen).includes('edge-b does not answer'),
  );
  await service.advance(days(1));
  await reach(zone, pack, 'deletion_timed_out');
  await b?.start();
  await service.advance(hours(1));
  await reach(zone, pack, 'deleted');
});

it('a pack whose certificates end is taken off the edges, and a restart begins it anew', async () => {
  const { zone, pack } = await ordered();
  const active = await reach(zone, pack, 'active');
  await service.advance(days(14));
  await reach(zone, pack, 'expired');
  assert.equal(await shown(service.edges[0], zone.name), undefined);
  await service.client.ssl.certificatePacks.edit(pack.id, { zone_id: zone.id });
  const again = await reach(zone, pack, 'active');
  assert.notEqual(again.primary_certificate, active.primary_certificate);
});

it('of two packs for the same hosts the one ordered last serves; deleted, the other takes over', async () => {
  const { zone, pack: first } = await ordered();
  await reach(zone, first, 'active');
  const second = await order(zone);
  await reach(zone, second, 'active');
  const later = await shown(service.edges[0], zone.name);
  await service.client.ssl.certificatePacks.delete(second.id, { zone_id: zone.id });
  await reach(zone, second, 'deleted');
  const now = await shown(service.edges[0], zone.name);
  assert.ok(now && later && now.fingerprint !== later.fingerprint);
});

it('a CA that does not answer keeps the order for an hour, and the pack says so', async () => {
  await service.simulator.stop();
  const zone = await givenZone('partial');
  const pack = await order(zone);
  const waiting = await until(
    () => service.client.ssl.certificatePacks.get(pack.id, { zone_id: zone.id }),
    (seen) => said(seen).includes('lets_encrypt'),
  );
  assert.equal(waiting.status, 'initializing');
  await service.advance(hours(1));
  await reach(zone, pack, 'initializing_timed_out');
});
