/** Cloudflare's own client pages through a zone's packs. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { givenZone, orderOf } from '../support/order.ts';
import { type DevWorld, startDev } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

const packs = () => world.client.ssl.certificatePacks;

const REFUSED = [
  { query: 'page=-1', pointer: '/page' },
  { query: 'page=1e309', pointer: '/page' },
  { query: 'page=1&page=2', pointer: '/page' },
  { query: 'per_page=0', pointer: '/per_page' },
  { query: 'per_page=1001', pointer: '/per_page' },
  { query: 'per_page=NaN', pointer: '/per_page' },
  { query: 'status=served', pointer: '/status' },
  { query: 'deploy=both', pointer: '/deploy' },
];

describe('the list', () => {
  it('is walked to its end by the vendor’s client, oldest first, with true totals', async () => {
    const zone = await givenZone(world, 'partial');
    const ids: string[] = [];
    for (let i = 0; i < 7; i += 1) {
      ids.push((await packs().create(orderOf(zone, { hosts: [`h${i}.${zone.name}`] }))).id);
    }
    const seen: string[] = [];
    for await (const pack of packs().list({ zone_id: zone.id, status: 'all', per_page: 5 }))
      seen.push(pack.id);
    assert.deepEqual(seen, ids);

    const page = await packs().list({ zone_id: zone.id, status: 'all', per_page: 5, page: 2 });
    const info = { page: 2, per_page: 5, count: 2, total_count: 7, total_pages: 2 };
    assert.deepEqual({ ...page.result_info }, info);
    assert.equal((await packs().list({ zone_id: zone.id })).result.length, 0, 'none is served yet');
    const pending = await world.client.get<{ result: object[] }>(
      `/zones/${zone.id}/ssl/certificate_packs?status=pending_validation`,
    );
    assert.equal(pending.result.length, 7);
  });

  for (const { query, pointer } of REFUSED) {
    it(`refuses ${query} with a pointer`, async () => {
      const zone = await givenZone(world, 'partial');
      const response = await fetch(`${world.api}/zones/${zone.id}/ssl/certificate_packs?${query}`, {
        headers: { authorization: `Bearer ${world.token}` },
      });
      const { errors, success, result }: Refusal = JSON.parse(await response.text());
      assert.equal(response.status, 400);
      assert.deepEqual(
        { success, result, pointer: errors[0]?.source?.pointer },
        { success: false, result: null, pointer },
      );
    });
  }

  it('answers a page past the end with an empty one and true totals', async () => {
    const zone = await givenZone(world, 'partial');
    await packs().create(orderOf(zone));
    const page = await packs().list({ zone_id: zone.id, status: 'all', page: 1_000_000 });
    assert.deepEqual(page.result, []);
    assert.equal(new Map(Object.entries(page.result_info)).get('total_count'), 1);
  });
});

interface Refusal {
  readonly success: boolean;
  readonly result: null;
  readonly errors: readonly {
    readonly code: number;
    readonly message: string;
    readonly source?: { pointer: string };
  }[];
}
