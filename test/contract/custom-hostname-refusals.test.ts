/** Each documented code of custom hostnames, by Cloudflare's own client. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { newClient } from '../support/client.ts';
import { type HostnameScene, hostnameScene } from '../support/hostnames.ts';
import { make, pemOf } from '../support/pki.ts';
import { refusal } from '../support/uploads.ts';

const ends = new AsyncDisposableStack();
let scene: HostnameScene;
type Owner = Awaited<ReturnType<HostnameScene['owner']>>;
let owner: Owner;
let at: { readonly zone_id: string };
before(async () => {
  scene = await hostnameScene(ends, { takesReserved: false });
  owner = await scene.owner(['saas.net']);
  at = { zone_id: owner.zones[0]?.id ?? assert.fail() };
});
after(() => ends.disposeAsync());

const NOBODY = '00000000-0000-4000-8000-000000000000';
const DV = { method: 'txt', type: 'dv' } as const;
const create = (body: object) =>
  owner.client.post(`/zones/${at.zone_id}/custom_hostnames`, { body: { hostname: 'app.shop.net', ...body } });
const ssl = (more: object) => create({ ssl: { ...DV, ...more } });
const settings = (more: object) => ssl({ settings: more });
const list = (query: object) => owner.client.get(`/zones/${at.zone_id}/custom_hostnames`, { query });

const BAD: readonly (readonly [
  code: number,
  pointer: string,
  ask: () => Promise<unknown>,
  status?: number,
])[] = [
  [1401, '/custom_metadata', () => create({ custom_metadata: ['a'] })],
  [1401, '/custom_metadata', () => create({ custom_metadata: { a: { b: 1 } } })],
  [1401, '/custom_metadata', () => create({ custom_metadata: { a: 'x'.repeat(9_000) } })],
  [1401, '/custom_metadata', () => create({ custom_metadata: { a: '\ud800' } })],
  [1407, '/hostname', () => create({ hostname: `${'a.'.repeat(140)}shop.net` })],
  [1407, '/hostname', () => create({ hostname: '192.0.2.1' })],
  [1407, '/hostname', () => create({ hostname: 'a_b!.shop.net' })],
  [1407, '/hostname', () => create({ hostname: 'single' })],
  [1408, '/hostname', () => create({ hostname: 'bücher.shop.net' })],
  [1409, '/hostname', () => create({ hostname: 'app.shop.test' })],
  [1409, '/hostname', () => create({ hostname: 'app.localhost' })],
  [1410, '/hostname', () => create({ hostname: 'co.uk' })],
  [1411, '/hostname', () => create({ hostname: 'app.example.com' })],
  [1415, '/custom_origin_server', () => create({ custom_origin_server: '192.0.2.1' })],
  [1415, '/custom_origin_sni', () => create({ custom_origin_sni: 'sni.saas.net' })],
  [1416, '/custom_origin_server', () => create({ custom_origin_server: 'bücher.saas.net' })],
  [1417, '/custom_origin_server', () => create({ custom_origin_server: 'o.invalid' })],
  [1418, '/custom_origin_server', () => create({ custom_origin_server: 'co.uk' })],
  [1419, '/custom_origin_server', () => create({ custom_origin_server: 'o.example.org' })],
  [1420, '/custom_origin_server', () => create({ custom_origin_server: '*.saas.net' })],
  [1421, '/custom_origin_server', () => create({ custom_origin_server: 'o.elsewhere.net' })],
  [1422, '/ssl/settings/http2', () => settings({ http2: 'yes' })],
  [1423, '/ssl/settings/tls_1_2_only', () => settings({ tls_1_2_only: true })],
  [1424, '/ssl/settings/tls_1_3', () => settings({ tls_1_3: 'zrt' })],
  [1425, '/ssl/settings/min_tls_version', () => settings({ min_tls_version: '1.4' })],
  [1430, '/ssl/custom_csr_id', () => ssl({ custom_csr_id: 'mine' })],
  [1431, '/ssl/custom_csr_id', () => ssl({ custom_csr_id: NOBODY, custom_certificate: 'x' }), 404],
  [1432, '/ssl/method', () => ssl({ method: 'cname' })],
  [1432, '/ssl/method', () => ssl({ method: 'http', wildcard: true })],
  [1433, '/ssl/type', () => ssl({ type: 'ev' })],
  [1434, '/ssl', () => create({ ssl: 'dv' })],
  [1434, '/ssl/wildcard', () => ssl({ wildcard: 'yes' })],
  [1434, '/ssl/certificate_authority', () => ssl({ certificate_authority: 'digicert' })],
  [1434, '/ssl/certificate_authority', () => ssl({ certificate_authority: 'google' })],
  [1434, '/ssl/settings', () => settings(['a'])],
  [1434, '/ssl/settings/early_hints', () => settings({ early_hints: 1 })],
  [1434, '/ssl/custom_cert_bundle', () => ssl({ custom_cert_bundle: [] })],
  [1440, '/ssl/type', () => create({ ssl: { method: 'txt' } })],
  [1440, '/ssl/method', () => create({ ssl: { type: 'dv' } })],
  [1440, '/ssl', () => create({ ssl: { wildcard: true } })],
  [1442, '/ssl/settings/ciphers', () => settings({ ciphers: ['RC4-MD5'] })],
  [1442, '/ssl/settings/ciphers', () => settings({ ciphers: ['AES128-SHA'], tls_1_3: 'off' })],
  [1443, '/ssl/settings/ciphers', () => settings({ ciphers: ['AES128-SHA'], min_tls_version: '1.3' })],
  [1448, '/hostname', () => create({ hostname: '*.shop.net' })],
  [1449, '/ssl/bundle_method', () => ssl({ bundle_method: 'best' })],
  [1435, '/custom_hostname_id', () => owner.client.customHostnames.get('mine', at)],
  [1436, '', () => owner.client.customHostnames.get(NOBODY, at), 404],
  [1436, '', () => owner.client.customHostnames.edit(NOBODY, at), 404],
  [1436, '', () => owner.client.customHostnames.delete(NOBODY, at), 404],
  [1437, '/hostname.contain', () => list({ 'hostname.contain': 'a$b' })],
  [1437, '/hostname.contain', () => list({ 'hostname.contain': '192.0.2.1' })],
  [1438, '/hostname', () => list({ id: NOBODY, hostname: 'a.shop.net' })],
  [1438, '/hostname.contain', () => list({ hostname: 'a.shop.net', 'hostname.contain': 'a' })],
  [1438, '/ssl', () => list({ id: NOBODY, ssl: 1 })],
  [1438, '/ssl_status', () => list({ id: NOBODY, ssl_status: 'active' })],
  [1438, '/hostname_status', () => list({ id: NOBODY, hostname_status: 'active' })],
  [1438, '/certificate_authority', () => list({ id: NOBODY, certificate_authority: 'google' })],
  [1438, '/wildcard', () => list({ id: NOBODY, wildcard: false })],
  [1438, '/custom_origin_server', () => list({ id: NOBODY, custom_origin_server: 'o.saas.net' })],
  [1435, '/custom_hostname_id', () => list({ id: 'mine' })],
  [1400, '/hostname', () => owner.client.post(`/zones/${at.zone_id}/custom_hostnames`, { body: {} })],
  [1551, '', () => owner.client.customHostnames.fallbackOrigin.get(at), 404],
  [1551, '', () => owner.client.customHostnames.fallbackOrigin.delete(at), 404],
  [1415, '/origin', () => owner.client.customHostnames.fallbackOrigin.update({ ...at, origin: 'no name' })],
];

for (const [i, [code, pointer, ask, status = 400]] of BAD.entries())
  it(`${code} is answered with ${status} and ${pointer || 'no pointer'} (${i})`, async () => {
    assert.deepEqual(await refusal(ask()), [status, code, pointer || undefined]);
  });

it('an id is taken with pages and an order', async () => {
  const { id } = await owner.client.customHostnames.create({ ...at, hostname: 'paged.shop.net' });
  const page = { page: 1, per_page: 5, order: 'ssl', direction: 'desc' } as const;
  const found = await owner.client.customHostnames.list({ ...at, id, ...page });
  assert.deepEqual(
    found.result.map((one) => one.id),
    [id],
  );
});

it('1406: a zone has a hostname once', async () => {
  await create({ hostname: 'once.shop.net' });
  assert.deepEqual(await refusal(create({ hostname: 'Once.shop.net' })), [409, 1406, '/hostname']);
});

it('1439: a hostname keeps its name', async () => {
  const { id } = await owner.client.customHostnames.create({ ...at, hostname: 'keeps.shop.net' });
  const edit = (hostname: string) =>
    owner.client.patch(`/zones/${at.zone_id}/custom_hostnames/${id}`, { body: { hostname } });
  await edit('keeps.shop.net');
  assert.deepEqual(await refusal(edit('other.shop.net')), [409, 1439, '/hostname']);
});

it('what is wrong with a certificate that is brought', async () => {
  const now = scene.api.jobs.clock.now();
  const good = await scene.ca.issue(['up.shop.net']);
  const other = await scene.ca.issue(['up.shop.net'], { kind: 'rsa2048' });
  const weak = await make(now, { hosts: ['up.shop.net'], kind: 'rsa2048', hash: 'SHA-1' });
  const odd = await make(now, { hosts: ['up.shop.net'], kind: 'p521' });
  const lone = await make(now, { hosts: ['up.shop.net'] });
  const authority = await make(now, { isCa: true });
  const elsewhere = await scene.ca.issue(['else.shop.net']);
  const bring = (custom_certificate: string, custom_key: string, more: object = {}) =>
    create({ hostname: 'up.shop.net', ssl: { custom_certificate, custom_key, ...more } });
  const C = '/ssl/custom_certificate';
  for (const [code, pointer, ask] of [
    [1426, C, () => bring('no PEM', good.private_key)],
    [1427, C, () => bring(' ', good.private_key)],
    [1427, C, () => create({ ssl: { custom_key: good.private_key } })],
    [1428, '/ssl/custom_key', () => bring(good.certificate, 'no key')],
    [1428, '/ssl/custom_key', () => create({ ssl: { custom_certificate: good.certificate } })],
    [1429, '/ssl/custom_key', () => bring(good.certificate, other.private_key)],
    [1441, C, () => bring(lone.pem, pemOf(lone))],
    [1444, C, () => bring(good.certificate + elsewhere.certificate, good.private_key)],
    [1445, C, () => bring(authority.pem, pemOf(authority))],
    [1446, C, () => bring(elsewhere.certificate, elsewhere.private_key)],
    [1447, C, () => bring(weak.pem, pemOf(weak), { bundle_method: 'force' })],
    [1447, C, () => bring(odd.pem, pemOf(odd), { bundle_method: 'force' })],
  ] as const)
    assert.deepEqual(await refusal(ask()), [400, code, pointer], String(code));
  const pair = (one: typeof good) => ({ custom_certificate: one.certificate, custom_key: one.private_key });
  const twice = create({ hostname: 'up.shop.net', ssl: { custom_cert_bundle: [pair(good), pair(good)] } });
  assert.deepEqual(await refusal(twice), [400, 1434, '/ssl/custom_cert_bundle']);
});

/** The routes served with a policy of their own, and its client. */
const served = async (shop: Owner, policy: object) => {
  const app = await buildApi({ ...scene.deps, hostnames: { ...scene.deps.hostnames, ...policy } });
  ends.defer(() => app.close());
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  return newClient({ baseURL: url, apiToken: shop.token });
};

it('quotas: one that is passed is told of, one that is hard refuses, and none at all', async () => {
  const shop = await scene.owner(['quota.net']);
  const zone = { zone_id: shop.zones[0]?.id ?? assert.fail() };
  const bounded = await served(shop, { allocated: 1, hardCap: 2 });
  const quota = () => bounded.customHostnames.quota.get(zone);
  const counted = { allocated: 1, hard_cap: 2, fallback_origin: null };
  assert.deepEqual(await quota(), { ...counted, used: 0, exceeded: false });
  const told = async (hostname: string) => {
    const answer = await bounded.customHostnames.create({ ...zone, hostname }).asResponse();
    const { messages }: { messages: string[] } = JSON.parse(await answer.text());
    return messages.filter((one) => one.includes('zone_hostnames'));
  };
  assert.deepEqual(await told('a.shop.net'), []);
  assert.equal((await told('b.shop.net')).length, 1);
  assert.deepEqual(await quota(), { ...counted, used: 2, exceeded: true });
  const beyond = { ...zone, hostname: 'c.shop.net' };
  assert.deepEqual(await refusal(bounded.customHostnames.create(beyond)), [403, 1405, undefined]);
  const none = await served(shop, { allocated: -1 });
  assert.deepEqual(await refusal(none.customHostnames.create(beyond)), [403, 1404, undefined]);
});

it('what a hostname may have is what the installation allows', async () => {
  const shop = await scene.owner(['features.net']);
  const zone = { zone_id: shop.zones[0]?.id ?? assert.fail() };
  const bare = await served(shop, { features: [] });
  const asked = (more: object) =>
    bare.post(`/zones/${zone.zone_id}/custom_hostnames`, { body: { hostname: 'd.shop.net', ...more } });
  const refused = async (more: object) => refusal(asked(more));
  assert.deepEqual(await refused({ custom_metadata: { a: 'b' } }), [403, 1413, '/custom_metadata']);
  assert.deepEqual(await refused({ custom_origin_server: 'o.features.net' }), [
    403,
    1414,
    '/custom_origin_server',
  ]);
  const plain = await served(shop, { features: ['custom_metadata'] });
  const wild = plain.customHostnames.create({
    ...zone,
    hostname: 'd.shop.net',
    custom_metadata: { a: 'b' },
    ssl: { ...DV, wildcard: true },
  });
  assert.deepEqual(await refusal(wild), [400, 1412, '/custom_metadata']);
});

it('another account’s hostname is nobody’s, and another’s zone', async () => {
  const { id } = await owner.client.customHostnames.create({ ...at, hostname: 'mine.shop.net' });
  const other = await scene.owner(['other.net']);
  const theirs = { zone_id: other.zones[0]?.id ?? assert.fail() };
  const { customHostnames } = other.client;
  for (const ask of [
    () => customHostnames.get(id, theirs),
    () => customHostnames.edit(id, theirs),
    () => customHostnames.delete(id, theirs),
  ])
    assert.deepEqual(await refusal(ask()), [404, 1436, undefined]);
  for (const ask of [
    () => customHostnames.get(id, at),
    () => customHostnames.quota.get(at),
    () => customHostnames.list(at),
  ])
    assert.equal((await refusal(ask()))[0], 404);
});
