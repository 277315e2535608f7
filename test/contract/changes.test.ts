/** Cloudflare's own client deletes and restarts. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Cloudflare from 'cloudflare';
import { showLeaf } from '../../src/edge/handshake.ts';
import { givenZone, orderOf, publish, reach } from '../support/order.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

const packs = () => world.client.ssl.certificatePacks;

describe('DELETE', () => {
  it('takes a pack off the edges, twice without an error, and leaves a tombstone for two minutes', async () => {
    const zone = await givenZone(world, 'full');
    const { id } = await packs().create(orderOf(zone));
    await reach(world, zone.id, id, { status: 'active' });

    assert.deepEqual({ ...(await packs().delete(id, { zone_id: zone.id })) }, { id });
    assert.deepEqual({ ...(await packs().delete(id, { zone_id: zone.id })) }, { id });
    await reach(world, zone.id, id, { status: 'deleted' });
    const edge = { name: 'production', ...world.edges.production };
    const ask = { name: zone.name, algorithm: 'ecdsa' } as const;
    assert.equal(await showLeaf(edge, ask, AbortSignal.timeout(5_000)), undefined);
    assert.deepEqual({ ...(await packs().delete(id, { zone_id: zone.id })) }, { id });

    await world.tell('POST', '/clock', { advance_s: 130 });
    const gone = async () =>
      packs()
        .get(id, { zone_id: zone.id })
        .then(() => undefined)
        .catch((error: unknown) => error);
    const error = await until(gone, (seen) => seen !== undefined);
    assert.ok(error instanceof Cloudflare.NotFoundError);
    assert.equal(error.errors[0]?.code, 1408);
  });

  it('of a zone hides it at once and takes its packs off the edges', async () => {
    const zone = await givenZone(world, 'full');
    const { id } = await packs().create(orderOf(zone));
    await reach(world, zone.id, id, { status: 'active' });
    await world.client.zones.delete({ zone_id: zone.id });
    await assert.rejects(world.client.zones.get({ zone_id: zone.id }), Cloudflare.NotFoundError);
    const edge = { name: 'production', ...world.edges.production };
    const ask = { name: zone.name, algorithm: 'ecdsa' } as const;
    await until(
      async () => (await showLeaf(edge, ask, AbortSignal.timeout(5_000))) === undefined,
      (isGone) => isGone,
    );
  });
});

describe('PATCH', () => {
  it('restarts a validation that timed out with a new order, and is no error where nothing is to restart', async () => {
    const zone = await givenZone(world, 'partial');
    const { id, validation_records: first } = await packs().create(orderOf(zone));
    const unchanged = await packs().edit(id, { zone_id: zone.id });
    assert.equal(unchanged.status, 'pending_validation');

    await world.tell('POST', '/clock', { advance_s: 7 * 86_400 + 60 });
    await reach(world, zone.id, id, { status: 'validation_timed_out' });
    const restarted = await packs().edit(id, { zone_id: zone.id });
    assert.equal(restarted.status, 'pending_validation');
    const renewed = await until(
      () => packs().get(id, { zone_id: zone.id }),
      (pack) => pack.validation_records?.[0]?.txt_value !== first?.[0]?.txt_value,
    );
    await publish(world, renewed.validation_records?.[0]?.txt_name ?? '', 'TXT', [
      renewed.validation_records?.[0]?.txt_value ?? '',
    ]);
    await reach(world, zone.id, id, { status: 'active' });
  });

  it('sets branding, which no read forgets', async () => {
    const zone = await givenZone(world, 'partial');
    const { id } = await packs().create(orderOf(zone));
    const patched = await packs().edit(id, { zone_id: zone.id, cloudflare_branding: true });
    assert.equal(patched.cloudflare_branding, true);
    assert.equal((await packs().get(id, { zone_id: zone.id })).cloudflare_branding, true);
  });
});
