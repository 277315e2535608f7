/** Custom hostnames by Cloudflare's own client: made, shown, issued, listed, changed, deleted. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { hours } from '../../src/kit/time.ts';
import { type HostnameScene, hostnameScene, showAll } from '../support/hostnames.ts';
import { leafFor, refusal } from '../support/uploads.ts';

const ends = new AsyncDisposableStack();
let scene: HostnameScene;
let owner: Awaited<ReturnType<HostnameScene['owner']>>;
let at: { readonly zone_id: string };
before(async () => {
  scene = await hostnameScene(ends);
  owner = await scene.owner(['saas.test', 'list.test']);
  at = { zone_id: owner.zones[0]?.id ?? assert.fail() };
});
after(() => ends.disposeAsync());

const DV = { method: 'txt', type: 'dv' } as const;
const made = async (hostname: string, more: object = { ssl: DV }) =>
  owner.client.customHostnames.create({ ...at, hostname, ...more });
const got = (id: string) => owner.client.customHostnames.get(id, at);
type Hostname = Awaited<ReturnType<typeof got>>;
const sslOf = ({ ssl }: Pick<Hostname, 'ssl'>) => ssl ?? assert.fail('it has no certificates');
const tokenOf = ({ ownership_verification: shown }: Pick<Hostname, 'ownership_verification'>) => ({
  name: shown?.name ?? '',
  value: shown?.value ?? '',
  type: shown?.type,
});
const fileOf = ({ ownership_verification_http: shown }: Pick<Hostname, 'ownership_verification_http'>) => ({
  url: shown?.http_url ?? '',
  body: shown?.http_body ?? '',
});

it('one is proven and issued before its DNS moves, and is served then', async () => {
  const { shown } = scene;
  const one = await made('app.shop.test', {
    ssl: { ...DV, settings: { http2: 'on', min_tls_version: '1.2' }, wildcard: true },
    custom_metadata: { customer: '17' },
  });
  assert.equal(one.status, 'pending');
  assert.equal(sslOf(one).status, 'initializing');
  assert.deepEqual(sslOf(one).settings, { http2: 'on', min_tls_version: '1.2' });
  assert.deepEqual(sslOf(one).hosts, ['app.shop.test', '*.app.shop.test']);
  assert.deepEqual(one.custom_metadata, { customer: '17' });
  const { name, value, type } = tokenOf(one);
  assert.deepEqual([name, type], ['_cf-custom-hostname.app.shop.test', 'txt']);
  assert.equal(fileOf(one).url, `http://app.shop.test/.well-known/cf-custom-hostname-challenge/${one.id}`);
  assert.equal(fileOf(one).body, value);
  await scene.carry();
  const waiting = await got(one.id);
  assert.equal(waiting.status, 'pending');
  assert.equal(waiting.verification_errors?.[0], 'custom hostname does not CNAME to this zone.');
  assert.equal(sslOf(waiting).status, 'pending_validation');
  const [record] = sslOf(waiting).validation_records ?? [];
  assert.equal(record?.txt_name, '_acme-challenge.app.shop.test');
  assert.match(
    sslOf(waiting).dcv_delegation_records?.[0]?.cname_target ?? '',
    /^app\.shop\.test\.[0-9a-z]{16}\.dcv/,
  );

  shown.txt.set(name, value);
  showAll(shown, 'app.shop.test');
  await scene.pass(120);
  await assertReady(one.id);
});

async function assertReady(id: string): Promise<void> {
  const ready = await got(id);
  assert.deepEqual([ready.status, sslOf(ready).status], ['active', 'active']);
  assert.deepEqual(ready.verification_errors, []);
  assert.equal(sslOf(ready).bundle_method, 'ubiquitous');
  assert.match(sslOf(ready).serial_number ?? '', /^\d+$/);
  const served = await leafFor(scene.jobs, 'x.app.shop.test');
  assert.equal(typeof served, 'string');
  const [pack] = (await owner.client.ssl.certificatePacks.list({ ...at, status: 'all' })).result;
  assert.deepEqual([pack?.id, pack?.type, pack?.status], [sslOf(ready).id, 'managed_hostname', 'active']);
  assert.equal(pack?.certificates.length, 2, 'one of each algorithm');
}

it('a file at its web server, or a CNAME into the zone, shows control too', async () => {
  const file = await made('file.shop.test', {});
  const alias = await made('alias.shop.test', {});
  const other = await made('other.shop.test', {});
  assert.equal(file.ssl, undefined);
  scene.shown.files.set(fileOf(file).url, fileOf(file).body);
  scene.shown.cname.set('alias.shop.test', 'customers.saas.test');
  scene.shown.cname.set('other.shop.test', 'customers.notsaas.test');
  await scene.carry();
  assert.equal((await got(file.id)).status, 'active');
  assert.equal((await got(alias.id)).status, 'active');
  assert.equal((await got(other.id)).status, 'pending');
});

it('a name in a zone of the same account needs no more', async () => {
  const own = await made('www.list.test', {});
  await scene.carry();
  assert.equal((await got(own.id)).status, 'active');
});

it('one that is not shown any more is moved after seven days, not before, and comes back', async () => {
  const one = await made('goes.shop.test', {});
  scene.shown.cname.set('goes.shop.test', 'saas.test');
  await scene.carry();
  assert.equal((await got(one.id)).status, 'active');
  scene.shown.cname.delete('goes.shop.test');
  scene.shown.isMute = true;
  for (let i = 0; i < 9; i++) await scene.pass(hours(26));
  assert.equal((await got(one.id)).status, 'active', 'nobody could tell');
  scene.shown.isMute = false;
  for (let i = 0; i < 9; i++) await scene.pass(hours(26));
  assert.equal((await got(one.id)).status, 'moved');
  scene.shown.cname.set('goes.shop.test', 'saas.test');
  await owner.client.customHostnames.edit(one.id, at);
  await scene.carry();
  assert.equal((await got(one.id)).status, 'active');
});

it('changes: terms alone, the method while control is to be shown, the CA and the names by another pack', async () => {
  const one = await made('change.shop.test');
  await scene.carry();
  const terms = await owner.client.customHostnames.edit(one.id, {
    ...at,
    custom_metadata: { plan: 'gold' },
    custom_origin_server: 'origin.saas.test',
    custom_origin_sni: ':request_host_header:',
  });
  assert.deepEqual(
    [terms.custom_metadata, terms.custom_origin_server, terms.custom_origin_sni, sslOf(terms).id],
    [{ plan: 'gold' }, 'origin.saas.test', ':request_host_header:', sslOf(one).id],
  );
  const http = await owner.client.customHostnames.edit(one.id, {
    ...at,
    ssl: { method: 'http', type: 'dv' },
  });
  assert.deepEqual([sslOf(http).id, sslOf(http).method], [sslOf(one).id, 'http']);
  const wide = await owner.client.customHostnames.edit(one.id, { ...at, ssl: { ...DV, wildcard: true } });
  assert.notEqual(sslOf(wide).id, sslOf(one).id);
  assert.deepEqual(sslOf(wide).hosts, ['change.shop.test', '*.change.shop.test']);
  assert.equal(wide.custom_metadata?.['plan'], 'gold');
  const [first] = (
    await owner.client.ssl.certificatePacks.list({ ...at, status: 'all', per_page: 50 })
  ).result.filter(({ id }) => id === sslOf(one).id);
  assert.equal(first?.status, 'pending_deletion', 'what never was served goes');
});

it('what is served stays so until another pack is shown by every edge', async () => {
  const { shown } = scene;
  const one = await made('swap.shop.test');
  shown.cname.set('swap.shop.test', 'saas.test');
  showAll(shown, 'swap.shop.test');
  await scene.carry();
  await scene.pass(120);
  assert.equal(sslOf(await got(one.id)).status, 'active');
  const old = await leafFor(scene.jobs, 'swap.shop.test');
  const next = await owner.client.customHostnames.edit(one.id, { ...at, ssl: { ...DV, wildcard: true } });
  assert.equal(next.status, 'active_redeploying');
  assert.equal(await leafFor(scene.jobs, 'swap.shop.test'), old);
  await scene.carry();
  await scene.pass(120);
  const over = await got(one.id);
  assert.deepEqual([over.status, sslOf(over).status], ['active', 'active']);
  assert.notEqual(await leafFor(scene.jobs, 'swap.shop.test'), old);
  await scene.pass(121);
  const packs = (await owner.client.ssl.certificatePacks.list({ ...at, status: 'all', per_page: 50 })).result;
  assert.deepEqual(
    packs
      .filter(({ hosts }) => hosts[0] === 'swap.shop.test')
      .map(({ status }) => status)
      .toSorted(),
    ['active'],
  );
});

it('one is deleted with its packs, can be read until these are gone, and its name made again at once', async () => {
  const one = await made('gone.shop.test');
  await scene.carry();
  const answer = await owner.client.customHostnames.delete(one.id, at);
  assert.equal(answer.id, one.id);
  assert.equal((await got(one.id)).status, 'pending_deletion');
  assert.equal((await owner.client.customHostnames.delete(one.id, at)).id, one.id);
  assert.deepEqual(await refusal(owner.client.customHostnames.edit(one.id, at)), [409, 1439, undefined]);
  const again = await made('gone.shop.test');
  assert.notEqual(again.id, one.id);
  for (let i = 0; i < 4; i++) await scene.pass(60);
  await scene.pass(60);
  assert.deepEqual(await refusal(got(one.id)), [404, 1436, undefined]);
  assert.equal((await got(again.id)).hostname, 'gone.shop.test');
});

it('one that is made again after it was deleted is a new one, also where the client had to try twice', async () => {
  const body = { ...at, hostname: 'anew.shop.test', ssl: DV };
  const retry = { headers: { 'x-stainless-retry-count': '1' } };
  const one = await owner.client.customHostnames.create(body);
  assert.equal((await owner.client.customHostnames.create(body, retry)).id, one.id);
  await owner.client.customHostnames.delete(one.id, at);
  const again = await owner.client.customHostnames.create(body, retry);
  assert.notEqual(again.id, one.id);
  assert.equal(again.status, 'pending');
  assert.equal((await owner.client.customHostnames.create(body, retry)).id, again.id);
});

it('lists by every filter, in each order, page by page', async () => {
  const zone = { zone_id: owner.zones[1]?.id ?? assert.fail() };
  const { customHostnames } = owner.client;
  const all: string[] = [];
  for (const [hostname, more] of [
    ['a.one.test', { ssl: { ...DV, certificate_authority: 'lets_encrypt' } }],
    ['b.one.test', { ssl: { ...DV, wildcard: true } }],
    ['c.two.test', { custom_origin_server: 'o.list.test' }],
  ] as const)
    all.push((await customHostnames.create({ ...zone, hostname, ...more })).hostname);
  const first = (await customHostnames.list({ ...zone, hostname: { exact: 'a.one.test' } })).result[0];
  const names = async (query: object) =>
    (await customHostnames.list({ ...zone, ...query })).result.map(({ hostname }) => hostname);
  for (const [query, expected] of [
    [{}, all],
    [{ hostname: 'b.one.test' }, ['b.one.test']],
    [{ 'hostname.exact': 'B.one.test' }, ['b.one.test']],
    [{ 'hostname.startsWith': 'c.' }, ['c.two.test']],
    [{ 'hostname.contain': 'one' }, ['a.one.test', 'b.one.test']],
    [{ id: first?.id }, ['a.one.test']],
    [{ ssl: 1 }, ['a.one.test', 'b.one.test']],
    [{ ssl: 0 }, all],
    [{ ssl_status: 'initializing' }, ['a.one.test', 'b.one.test']],
    [{ ssl_status: 'active' }, []],
    [{ hostname_status: 'pending' }, all],
    [{ hostname_status: 'provisioned' }, []],
    [{ certificate_authority: 'lets_encrypt' }, ['a.one.test', 'b.one.test']],
    [{ certificate_authority: 'google' }, []],
    [{ wildcard: true }, ['b.one.test']],
    [{ wildcard: false }, ['a.one.test', 'c.two.test']],
    [{ custom_origin_server: 'o.list.test' }, ['c.two.test']],
    [{ order: 'ssl', direction: 'asc' }, ['c.two.test', 'a.one.test', 'b.one.test']],
    [{ order: 'ssl_status', direction: 'desc' }, ['b.one.test', 'a.one.test', 'c.two.test']],
    [{ direction: 'desc' }, ['c.two.test', 'b.one.test', 'a.one.test']],
    [{ page: 2, per_page: 5 }, []],
  ] as const)
    assert.deepEqual(await names(query), expected, JSON.stringify(query));
  const walked: string[] = [];
  for await (const { hostname } of customHostnames.list({ ...zone, per_page: 5 })) walked.push(hostname);
  assert.deepEqual(walked, all);
});
