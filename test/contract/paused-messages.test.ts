/** What is said of an order in a zone that is paused is what becomes of it. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { givenZone, orderOf, reach } from '../support/order.ts';
import { type DevWorld, startDev } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

interface Envelope {
  readonly messages: readonly { readonly code: number; readonly message: string }[];
  readonly result: { readonly id: string };
}

async function ask(method: string, path: string, body: object): Promise<Envelope> {
  const answer = await fetch(world.api + path, {
    method,
    headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  assert.equal(answer.status, 200);
  return JSON.parse(await answer.text());
}

const codes = ({ messages }: Envelope) => messages.map(({ code }) => code);
const setPaused = (zone: { id: string }, paused: boolean) =>
  world.client.zones.edit({ zone_id: zone.id, paused });

it('an order and a PATCH say that the zone is paused, the pack is held, and comes to the edges when that ends', async () => {
  const zone = await givenZone(world, 'full');
  await setPaused(zone, true);
  const { zone_id: _, ...order } = orderOf(zone);
  const packs = `/zones/${zone.id}/ssl/certificate_packs`;
  const ordered = await ask('POST', `${packs}/order`, order);
  assert.deepEqual(codes(ordered), [2010]);
  assert.match(ordered.messages[0]?.message ?? '', /paused: what is issued is held until that ends/);
  const { id } = ordered.result;
  await reach(world, zone.id, id, { status: 'holding_deployment' });
  assert.deepEqual(codes(await ask('PATCH', `${packs}/${id}`, {})), [2010]);
  await setPaused(zone, false);
  await reach(world, zone.id, id, { status: 'active' });
  assert.deepEqual(codes(await ask('PATCH', `${packs}/${id}`, {})), []);
});

it('switching Universal on in a paused zone says that its pack waits', async () => {
  const zone = await givenZone(world, 'full');
  const settings = `/zones/${zone.id}/ssl/universal/settings`;
  await setPaused(zone, true);
  const turned = await ask('PATCH', settings, { enabled: true });
  assert.deepEqual(codes(turned), [2015]);
  assert.match(turned.messages[0]?.message ?? '', /is paused: its Universal pack waits/);
  const packs = await world.client.ssl.certificatePacks.list({ zone_id: zone.id, status: 'all' });
  assert.deepEqual(packs.result, []);
  await setPaused(zone, false);
  assert.deepEqual(codes(await ask('PATCH', settings, { enabled: true })), []);
});
