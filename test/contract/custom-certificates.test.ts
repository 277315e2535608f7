/** Custom certificates by Cloudflare's own client: uploaded, shown by edges, listed, replaced, put in order, deleted. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type Cloudflare from 'cloudflare';
import { buildApi } from '../../src/api/api.ts';
import { startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import { carryAll, servedHosts, type TestJobDeps } from '../support/job-deps.ts';
import { givenOwner } from '../support/tokens.ts';
import { fingerprintOf, givenCa, leafFor, listed, pulling, refusal } from '../support/uploads.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let jobs: TestJobDeps;
let url: string;
let account: TestAccount;
let client: Cloudflare;
let ca: Awaited<ReturnType<typeof givenCa>>;
before(async () => {
  api = await startApi(ends);
  jobs = pulling(api.jobs);
  ca = await givenCa(api.jobs);
  const app = await buildApi({ ...api.deps, trust: ca.trust });
  ends.defer(() => app.close());
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  account = await givenOwner(api, ['shop.test', 'other.test', 'third.test', 'fourth.test', 'fifth.test']);
  client = newClient({ baseURL: url, apiToken: account.token });
});
after(() => ends.disposeAsync());

const zoneAt = (i: number) => ({ zone_id: account.zones[i]?.id ?? assert.fail() });
const sent = ({ certificate, private_key }: Awaited<ReturnType<typeof ca.issue>>) => ({
  certificate,
  private_key,
});
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NOBODY = '00000000-0000-4000-8000-000000000000';

it('one is uploaded, shown by every edge, listed by each filter, deleted, and gone after its tombstone', async () => {
  const zone = zoneAt(0);
  const made = await ca.issue(['shop.test', '*.shop.test', 'elsewhere.test'], { kind: 'rsa2048' });
  const upload = await client.customCertificates.create({ ...zone, ...sent(made), type: 'sni_custom' });
  assert.match(upload.id, UUID);
  const { status, hosts, bundle_method, priority, zone_id, signature } = upload;
  assert.deepEqual(
    { status, hosts, bundle_method, priority, zone_id, signature },
    {
      status: 'initializing',
      hosts: ['shop.test', '*.shop.test', 'elsewhere.test'],
      bundle_method: 'ubiquitous',
      priority: 0,
      zone_id: zone.zone_id,
      signature: 'ECDSAWithSHA256',
    },
  );
  assert.deepEqual(await listed(client, zone.zone_id, { status: 'initializing' }), [upload.id]);
  await carryAll(jobs);
  assert.equal((await client.customCertificates.get(upload.id, zone)).status, 'active');
  for (const [query, expected] of [
    [{}, 1],
    [{ status: 'active' }, 1],
    [{ status: 'active', match: 'any', page: 1, per_page: 5 }, 1],
    [{ page: 2 }, 0],
    [{ status: 'pending' }, 0],
    [{ status: 'initializing' }, 0],
    [{ status: 'expired' }, 0],
    [{ status: 'deleted' }, 0],
  ] as const)
    assert.equal((await listed(client, zone.zone_id, query)).length, expected, JSON.stringify(query));
  const [pack] = (await client.ssl.certificatePacks.list(zone)).result;
  assert.deepEqual(
    [pack?.type, pack?.status, pack?.primary_certificate],
    ['sni_custom', 'active', upload.id],
  );
  assert.deepEqual(pack?.hosts, ['shop.test', '*.shop.test'], 'hosts of other zones are not served');
  assert.equal(pack?.certificates[0]?.priority, 0);
  assert.equal(await leafFor(jobs, 'a.shop.test'), fingerprintOf(made));
  assert.equal(await leafFor(jobs, 'elsewhere.test'), undefined);

  await assertDeleted(zone, upload.id);
});

async function assertDeleted(zone: { readonly zone_id: string }, id: string): Promise<void> {
  assert.deepEqual(await client.customCertificates.delete(id, zone), { id });
  assert.deepEqual(await listed(client, zone.zone_id), []);
  await carryAll(jobs);
  assert.equal((await client.customCertificates.get(id, zone)).status, 'deleted');
  assert.deepEqual(await client.customCertificates.delete(id, zone), { id });
  assert.deepEqual(await listed(client, zone.zone_id, { status: 'deleted' }), [id]);
  assert.equal(await leafFor(jobs, 'shop.test'), undefined);
  api.jobs.clock.advance(121);
  await carryAll(jobs);
  assert.deepEqual(await refusal(client.customCertificates.get(id, zone)), [404, 1002, undefined]);
}

for (const type of ['sni_custom', 'legacy_custom'] as const)
  it(`one of type ${type} is replaced without a moment unserved, under ${type === 'sni_custom' ? 'a new id' : 'its id'}`, async () => {
    const zone = zoneAt(1);
    const host = `${type.replace('_', '-')}.other.test`;
    const [first, second] = [
      await ca.issue([host]),
      await ca.issue([host, `www.${host}`], { kind: 'rsa2048' }),
    ];
    const earlier = await client.customCertificates.create({ ...zone, ...sent(first), type });
    await carryAll(jobs);
    const [old] = (await client.ssl.certificatePacks.list(zone)).result.slice(-1);
    const now = await client.customCertificates.edit(earlier.id, { ...zone, ...sent(second) });
    assert.equal(now.id === earlier.id, type === 'legacy_custom');
    assert.equal(now.status, 'initializing');
    assert.equal(await leafFor(jobs, host), fingerprintOf(first), 'the old one is served meanwhile');
    assert.deepEqual(await listed(client, zone.zone_id), [now.id], 'and is none of the list');
    // The edge cannot be reached: nothing is taken off.
    await carryAll({ ...jobs, showLeaf: async () => undefined });
    assert.equal((await client.ssl.certificatePacks.get(old?.id ?? '', zone)).status, 'active');
    api.jobs.clock.advance(3_600);
    await carryAll(jobs);
    await carryAll(jobs);
    assert.equal(await leafFor(jobs, host), fingerprintOf(second));
    assert.equal((await client.customCertificates.get(now.id, zone)).status, 'active');
    assert.deepEqual(await servedHosts(jobs, old?.id ?? ''), []);
    if (type === 'sni_custom')
      assert.deepEqual(await refusal(client.customCertificates.get(earlier.id, zone)), [
        404,
        1002,
        undefined,
      ]);

    const forced = await client.customCertificates.edit(now.id, { ...zone, bundle_method: 'force' });
    assert.deepEqual([forced.bundle_method, forced.expires_on], ['force', now.expires_on]);
    await carryAll(jobs);
    await carryAll(jobs);
    assert.equal(await leafFor(jobs, host), fingerprintOf(second), 'the same certificate and key');
    const same = await client.customCertificates.edit(forced.id, zone);
    assert.equal(same.id, forced.id);
    await client.customCertificates.delete(forced.id, zone);
    await carryAll(jobs);
    assert.equal(await leafFor(jobs, host), undefined);
  });

it('what is deleted while it comes in the place of another takes that with it', async () => {
  const zone = zoneAt(1);
  const [first, second] = [await ca.issue(['gone.other.test']), await ca.issue(['gone.other.test'])];
  const earlier = await client.customCertificates.create({ ...zone, ...sent(first) });
  await carryAll(jobs);
  const now = await client.customCertificates.edit(earlier.id, { ...zone, ...sent(second) });
  await client.customCertificates.delete(now.id, zone);
  await carryAll(jobs);
  assert.equal(await leafFor(jobs, 'gone.other.test'), undefined);
});

it('of two that cover a name the one with the higher priority is served; legacy_custom goes before sni_custom', async () => {
  const zone = zoneAt(2);
  const hosts = ['third.test'];
  const legacy: Awaited<ReturnType<typeof ca.issue>>[] = [await ca.issue(hosts), await ca.issue(hosts)];
  const modern = await ca.issue(hosts);
  const ids: string[] = [];
  for (const one of legacy) ids.push((await client.customCertificates.create({ ...zone, ...sent(one) })).id);
  const { id } = await client.customCertificates.create({ ...zone, ...sent(modern), type: 'sni_custom' });
  await carryAll(jobs);
  const [a = assert.fail(), b = assert.fail()] = legacy.map(fingerprintOf);
  assert.equal(await leafFor(jobs, 'third.test'), b, 'the later one');
  const wish = [
    { id: ids[0] ?? '', priority: 2 },
    { id: ids[1] ?? '', priority: 1 },
    { id, priority: 9 },
  ];
  const all = await client.customCertificates.prioritize.update({ ...zone, certificates: wish });
  assert.deepEqual(
    all.result.map(({ id: one, priority }) => ({ id: one, priority })),
    wish,
  );
  assert.equal(await leafFor(jobs, 'third.test'), a);
  await carryAll(jobs);
  const packs = (await client.ssl.certificatePacks.list({ ...zone, status: 'all' })).result;
  assert.deepEqual(
    packs.map(({ certificates }) => certificates[0]?.priority),
    [2, 1, 9],
  );
  const unsaid = { ...zone, certificates: [{}, {}] };
  assert.equal((await client.customCertificates.prioritize.update(unsaid)).result.length, 3);
  assert.deepEqual(
    await refusal(
      client.customCertificates.prioritize.update({ ...zone, certificates: [{ id: NOBODY, priority: 1 }] }),
    ),
    [404, 1002, undefined],
  );
  const twice = { ...zone, certificates: [wish[0] ?? {}, wish[0] ?? {}] };
  assert.deepEqual(await refusal(client.customCertificates.prioritize.update(twice)), [
    400,
    1400,
    '/certificates/1/id',
  ]);
});

it('an upload that is sent again is the same one, by its key or by the client’s own retry', async () => {
  const zone = zoneAt(3);
  const body = sent(await ca.issue(['fourth.test']));
  const post = (headers: Record<string, string>, more = {}) =>
    client.customCertificates.create({ ...zone, ...body, ...more }, { headers });
  const first = await post({ 'idempotency-key': 'once' });
  assert.equal((await post({ 'idempotency-key': 'once' })).id, first.id);
  assert.equal((await post({ 'x-stainless-retry-count': '1' })).id, first.id);
  assert.deepEqual(await refusal(post({ 'idempotency-key': 'once' }, { type: 'sni_custom' })), [
    422,
    1409,
    undefined,
  ]);
  assert.deepEqual(await refusal(post({})), [400, 1220, '/certificate']);
  const change = { ...zone, ...sent(await ca.issue(['fourth.test'])) };
  const other = await client.customCertificates.create({
    ...zone,
    ...sent(await ca.issue(['a.fourth.test'])),
    type: 'sni_custom',
  });
  const edited = await client.customCertificates.edit(other.id, change);
  const again = { headers: { 'x-stainless-retry-count': '1' } };
  assert.equal((await client.customCertificates.edit(other.id, change, again)).id, edited.id);
});

it('who may not write uploads nothing, and nobody sees those of others', async () => {
  const zone = zoneAt(3);
  const reader = newClient({
    baseURL: url,
    apiToken: await tokenFor(api.jobs, { accountId: account.id }),
  });
  const [id = assert.fail()] = await listed(reader, zone.zone_id);
  const body = sent(await ca.issue(['x.fourth.test']));
  const calls = [
    () => reader.customCertificates.create({ ...zone, ...body }),
    () => reader.customCertificates.edit(id, { ...zone, ...body }),
    () => reader.customCertificates.delete(id, zone),
    () => reader.customCertificates.prioritize.update({ ...zone, certificates: [] }),
  ];
  for (const call of calls) assert.deepEqual((await refusal(call())).slice(0, 2), [403, 9109]);
  const stranger = await givenOwner(api, ['stranger.test']);
  const theirs = newClient({ baseURL: url, apiToken: stranger.token });
  const own = { zone_id: stranger.zones[0]?.id ?? '' };
  assert.deepEqual((await refusal(theirs.customCertificates.get(id, zone))).slice(0, 2), [404, 9109]);
  assert.deepEqual(await refusal(theirs.customCertificates.get(id, own)), [404, 1002, undefined]);
  assert.deepEqual(await refusal(theirs.customCertificates.edit(id, { ...own, ...body })), [
    404,
    1002,
    undefined,
  ]);
  assert.deepEqual(await refusal(theirs.customCertificates.delete(id, own)), [404, 1002, undefined]);
});
