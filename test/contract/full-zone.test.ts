/** Cloudflare's own client orders in a zone whose DNS is ours. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { showLeaf } from '../../src/edge/handshake.ts';
import type { Algorithm } from '../../src/pack/pack.ts';
import { givenZone, orderOf, type PackReply, reach } from '../support/order.ts';
import { type DevWorld, startDev } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

const packs = () => world.client.ssl.certificatePacks;

describe('an order in a full zone', () => {
  it('is active within 3 s, with its records in the order’s own answer and both leaves at the edge', async () => {
    const zone = await givenZone(world, 'full');
    const hosts = [zone.name, `*.${zone.name}`, `WWW.${zone.name}`];
    const began = performance.now();
    const ordered = await packs().create(orderOf(zone, { hosts, certificate_authority: 'google' }));
    assertRecords(ordered, 3);
    assert.deepEqual(ordered.hosts, hosts);

    const active = await reach(world, zone.id, ordered.id, { status: 'active', seconds: 3 });
    assert.ok(performance.now() - began < 3_000);
    assert.equal(active.certificates.length, 2);
    assert.equal(active.primary_certificate, active.certificates[0]?.id);
    const ca = await world.tell<{ certificates: object[] }>('GET', '/ca/google');
    assert.equal(ca.certificates.length, 2);
    await assertShown(active, 'ecdsa');
    await assertShown(active, 'rsa');
  });

  it('for a host of more than 64 characters, which no common name can hold, becomes active like any other', async () => {
    const zone = await givenZone(world, 'full');
    const hosts = [`${'a'.repeat(60)}.${zone.name}`];
    const { id } = await packs().create(orderOf(zone, { hosts }));
    await reach(world, zone.id, id, { status: 'active' });
  });

  it('goes to the staging edges alone when it says so, and the list tells the two apart', async () => {
    const zone = await givenZone(world, 'full');
    const { id } = await packs().create({ ...orderOf(zone), deploy: 'staging' } as ReturnType<
      typeof orderOf
    >);
    await reach(world, zone.id, id, { status: 'staging_active' });

    const show = (edge: 'production' | 'staging') => {
      const ask = { name: zone.name, algorithm: 'rsa' } as const;
      return showLeaf({ name: edge, ...world.edges[edge] }, ask, AbortSignal.timeout(5_000));
    };
    assert.ok(await show('staging'));
    assert.equal(await show('production'), undefined);
    const listed = async (deploy?: 'staging' | 'production') =>
      (await packs().list({ zone_id: zone.id, ...(deploy && { deploy }) })).result.length;
    assert.deepEqual([await listed(), await listed('staging'), await listed('production')], [1, 1, 0]);
  });
});

/** The edge shows the certificate that the list names for that algorithm. */
async function assertShown(active: PackReply, algorithm: Algorithm): Promise<void> {
  const edge = { name: 'production', ...world.edges.production };
  const zone = active.hosts[0];
  const shown = await showLeaf(edge, { name: `a.${zone}`, algorithm }, AbortSignal.timeout(5_000));
  const listed = active.certificates[algorithm === 'ecdsa' ? 0 : 1];
  assert.equal(shown?.notAfter.getTime(), Date.parse(listed?.expires_on ?? ''));
  assert.match(listed?.signature ?? '', algorithm === 'ecdsa' ? /ECDSA/ : /RSA/);
  assert.deepEqual(shown?.hosts.toSorted(), active.hosts.map((host) => host.toLowerCase()).toSorted());
}

function assertRecords({ validation_records: records = [] }: PackReply, count: number): void {
  assert.equal(records.length, count);
  for (const record of records) {
    assert.match(record.txt_name ?? '', /^_acme-challenge\./);
    assert.match(record.txt_value ?? '', /^[\w-]{43}$/);
  }
}
