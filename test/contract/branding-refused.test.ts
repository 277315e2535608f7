/** Branding where the operator has no domain for it; no worker, CA or edge is there. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Cloudflare from 'cloudflare';
import { buildApi } from '../../src/api/api.ts';
import { documentedRows } from '../../src/ca/configuration.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { givenPack } from '../support/job-deps.ts';
import { givenOwner } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let packs: Cloudflare['ssl']['certificatePacks'];
let zone: Awaited<ReturnType<typeof givenOwner>>['zones'][number];
before(async () => {
  api = await startApi(ends);
  const rows = new Map([['lets_encrypt', documentedRows.lets_encrypt]] as const);
  const app = await buildApi({ ...api.deps, rows, brandingDomain: '' });
  ends.defer(() => app.close());
  const baseURL = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  const { token, zones } = await givenOwner(api, ['mine.example']);
  zone = zones[0] ?? assert.fail();
  packs = new Cloudflare({ apiToken: token, baseURL, maxRetries: 0 }).ssl.certificatePacks;
});
after(() => ends.disposeAsync());

const order = (change: { readonly cloudflare_branding?: boolean }) =>
  packs.create({
    zone_id: zone.id,
    type: 'advanced',
    hosts: ['mine.example'],
    certificate_authority: 'lets_encrypt',
    validation_method: 'txt',
    validity_days: 90,
    ...change,
  });

const isRefusal = (error: unknown): boolean => {
  assert(error instanceof Cloudflare.BadRequestError);
  const { code, message, source } = Object(error.errors[0]);
  assert.deepEqual([code, source], [1438, { pointer: '/cloudflare_branding' }]);
  assert.match(message, /must be false or absent.* branding_domain.*64 characters do without/);
  return true;
};

test('an order with branding is refused, one without or with none is as usual and read back as sent', async () => {
  await assert.rejects(order({ cloudflare_branding: true }), isRefusal);
  assert.deepEqual((await packs.list({ zone_id: zone.id, status: 'all' })).result, [], 'nothing was ordered');
  for (const change of [{ cloudflare_branding: false }, {}]) {
    const { id, cloudflare_branding: said } = await order(change);
    assert.equal(said, false);
    assert.equal((await packs.get(id, { zone_id: zone.id })).cloudflare_branding, false);
  }
});

test('PATCH with branding is refused, and changes nothing; without it, or as the pack is, it is taken', async () => {
  const { id } = await order({});
  const edit = (change: object) => packs.edit(id, { zone_id: zone.id, ...change });
  await assert.rejects(edit({ cloudflare_branding: true }), isRefusal);
  assert.equal((await edit({ cloudflare_branding: false })).cloudflare_branding, false);
  const earlier = await givenPack(api.jobs, zone, { isBranded: true });
  const kept = await packs.edit(earlier, { zone_id: zone.id, cloudflare_branding: true });
  assert.equal(kept.cloudflare_branding, true, 'it is from the time when there was a domain');
});
