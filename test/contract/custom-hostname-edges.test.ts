/** What edges are given of custom hostnames beside their certificates: what they say of TLS, and where their clients go. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { servingNames } from '../../src/serve/agent-names.ts';
import { pullSource } from '../../src/serve/sources.ts';
import { listChanges } from '../../src/store/edge-changes.ts';
import { type HostnameScene, hostnameScene, showAll } from '../support/hostnames.ts';

const ends = new AsyncDisposableStack();
let scene: HostnameScene;
let owner: Awaited<ReturnType<HostnameScene['owner']>>;
let at: { readonly zone_id: string };
before(async () => {
  scene = await hostnameScene(ends);
  owner = await scene.owner(['saas.test']);
  at = { zone_id: owner.zones[0]?.id ?? assert.fail() };
  const settings = { http2: 'on', min_tls_version: '1.2' } as const;
  const one = await owner.client.customHostnames.create({
    ...at,
    hostname: 'app.shop.test',
    ssl: { method: 'txt', type: 'dv', settings, wildcard: true },
  });
  await scene.carry();
  const { name = '', value = '' } = one.ownership_verification ?? {};
  scene.shown.txt.set(name, value);
  showAll(scene.shown, 'app.shop.test');
  await scene.pass(120);
});
after(() => ends.disposeAsync());

const originGiven = async () =>
  (await pullSource(scene.jobs).packFor('x.app.shop.test', 'production'))?.origin;

it('what it says of TLS goes to edges with its pack at once, and no certificate with it', async () => {
  const [one] = (await owner.client.customHostnames.list({ ...at, hostname: { contain: 'app.shop.test' } }))
    .result;
  const id = one?.id ?? assert.fail();
  const { jobs } = scene;
  const source = pullSource(jobs);
  const edge = { environment: 'production', location: undefined } as const;
  const given = async () => {
    const pull = await source.packFor('x.app.shop.test', 'production');
    const told = await servingNames({ pool: jobs.pool, regionKeyIds: [] }, edge, ['app.shop.test']);
    const { tls, digest } = told.get('app.shop.test') ?? assert.fail();
    assert.deepEqual(pull?.tls, tls);
    return { packId: pull?.packId, tls, digest };
  };
  const changes = async () =>
    (await listChanges(jobs.pool, new Date(0))).filter(({ hosts }) => hosts.includes('*.app.shop.test'))
      .length;
  const [first, count] = [await given(), await changes()];
  assert.deepEqual(first.tls, { minVersion: '1.2' });
  const settings = { min_tls_version: '1.3', http2: 'off' } as const;
  const ssl = { method: 'txt', type: 'dv' } as const;
  await owner.client.customHostnames.edit(id, { ...at, ssl: { ...ssl, settings } });
  const during = await given();
  assert.deepEqual(during.tls, { minVersion: '1.3', http2: false });
  assert.deepEqual([during.packId === first.packId, during.digest === first.digest], [true, false]);
  assert.equal(await changes(), count + 1);
  await owner.client.customHostnames.edit(id, { ...at, ssl: { ...ssl, settings } });
  assert.equal(await changes(), count + 1, 'what stays as it was is told to no edge');
  await owner.client.customHostnames.edit(id, {
    ...at,
    ssl: { ...ssl, settings: { min_tls_version: '1.2' } },
  });
  assert.deepEqual(await given(), first);
});

it('edges that pull are given its origin as the records of the zone have it, else that of the zone', async () => {
  const { customHostnames, dns } = owner.client;
  const [one] = (await customHostnames.list({ ...at, hostname: { contain: 'app.shop.test' } })).result;
  const path = `/zones/${at.zone_id}/custom_hostnames/${one?.id}`;
  const set = (server: string | null, sni?: string) =>
    owner.client.patch(path, { body: { custom_origin_server: server, custom_origin_sni: sni } });
  const turn = (type: string) =>
    scene.jobs.pool.query('update zones set type = $2 where id = $1', [at.zone_id, type]);
  const [origin, alias, out] = ['origin.saas.test', 'alias.saas.test', 'out.saas.test'];
  assert.equal(await originGiven(), undefined);
  await customHostnames.fallbackOrigin.update({ ...at, origin });
  assert.deepEqual(await originGiven(), { name: origin, sni: origin, at: [origin] }, 'DNS is elsewhere');
  await customHostnames.fallbackOrigin.delete(at);
  await turn('full');
  const records = [
    ['A', origin, '203.0.113.10'],
    ['CNAME', alias, origin],
    ['CNAME', out, 'lb.elsewhere.net'],
  ] as const;
  const made: string[] = [];
  for (const [type, name, content] of records)
    made.push((await dns.records.create({ ...at, type, name, content, ttl: 300 })).id);
  await set(alias);
  assert.deepEqual(await originGiven(), { name: alias, sni: alias, at: ['203.0.113.10'] });
  await set(out, 'sni.saas.test');
  assert.deepEqual(await originGiven(), { name: out, sni: 'sni.saas.test', at: ['lb.elsewhere.net'] });
  await set(out, ':request_host_header:');
  assert.deepEqual(await originGiven(), { name: out, at: ['lb.elsewhere.net'] });
  await set(alias);
  await dns.records.delete(made[0] ?? '', at);
  assert.deepEqual(await originGiven(), { name: alias, at: [] }, 'nobody is sent elsewhere');
  await set(null);
  assert.equal(await originGiven(), undefined);
  await turn('partial');
});
