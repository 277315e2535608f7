/** Certificates that are brought for one custom hostname, by Cloudflare's own client. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type HostnameScene, hostnameScene } from '../support/hostnames.ts';
import { fingerprintOf, leafFor, refusal } from '../support/uploads.ts';
import { ZoneScene } from '../support/zone-scene.ts';

const ends = new AsyncDisposableStack();
let scene: HostnameScene;
let owner: Awaited<ReturnType<HostnameScene['owner']>>;
let at: { readonly zone_id: string };
before(async () => {
  scene = await hostnameScene(ends);
  owner = await scene.owner(['saas.test']);
  at = { zone_id: owner.zones[0]?.id ?? assert.fail() };
});
after(() => ends.disposeAsync());

type Issued = Awaited<ReturnType<HostnameScene['ca']['issue']>>;
const pair = (one: Issued) => ({ custom_certificate: one.certificate, custom_key: one.private_key });
const got = (id: string) => owner.client.customHostnames.get(id, at);
type Hostname = Awaited<ReturnType<typeof got>>;
const sslOf = ({ ssl }: Pick<Hostname, 'ssl'>) => ssl ?? assert.fail('it has no certificates');
const idOf = (one: Pick<Hostname, 'ssl'>): string => sslOf(one).id ?? '';
const NOBODY = '00000000-0000-4000-8000-000000000000';

it('one is served, told of in the list of packs, and replaced without a moment unserved', async () => {
  const host = 'up.shop.test';
  const [first, second] = [await scene.ca.issue([host]), await scene.ca.issue(['*.shop.test'])];
  const one = await owner.client.customHostnames.create({ ...at, hostname: host, ssl: pair(first) });
  assert.equal(JSON.stringify(one).includes('PRIVATE KEY'), false);
  assert.equal(sslOf(one).status, 'pending_deployment');
  await scene.carry();
  const there = await got(one.id);
  assert.equal(sslOf(there).status, 'active');
  assert.equal(await leafFor(scene.jobs, host), fingerprintOf(first));
  const pack = await owner.client.ssl.certificatePacks.get(idOf(there), at);
  assert.deepEqual([pack.type, pack.hosts], ['mh_custom', [host]]);
  const certificateId = pack.primary_certificate ?? '';
  const which = { ...at, custom_hostname_id: one.id, certificate_pack_id: pack.id };
  const { certificates } = owner.client.customHostnames.certificatePack;
  const answer = await certificates.update(certificateId, { ...which, ...pair(second) }).asResponse();
  assert.equal(answer.status, 202);
  assert.equal(await leafFor(scene.jobs, host), fingerprintOf(first), 'until the new one is shown');
  await scene.carry();
  assert.equal(await leafFor(scene.jobs, host), fingerprintOf(second));
  assert.equal(sslOf(await got(one.id)).status, 'active');
  assert.deepEqual(
    await refusal(certificates.delete(certificateId, which)),
    [404, 1408, undefined],
    'that pack is over',
  );
});

it('two of different kinds are one pack; one of them is taken away, the last one not', async () => {
  const host = 'two.shop.test';
  const [ecdsa, rsa] = [await scene.ca.issue([host]), await scene.ca.issue([host], { kind: 'rsa2048' })];
  const one = await owner.client.customHostnames.create({
    ...at,
    hostname: host,
    ssl: { custom_cert_bundle: [pair(rsa), pair(ecdsa)], bundle_method: 'optimal' },
  });
  await scene.carry();
  const list = async () =>
    (await owner.client.ssl.certificatePacks.get(idOf(await got(one.id)), at)).certificates;
  const both = await list();
  assert.equal(both.length, 2);
  const { certificates } = owner.client.customHostnames.certificatePack;
  const which = async () => ({
    ...at,
    custom_hostname_id: one.id,
    certificate_pack_id: idOf(await got(one.id)),
  });
  assert.deepEqual(await refusal(certificates.delete(NOBODY, await which())), [404, 1002, undefined]);
  const gone = await certificates.delete(both[1]?.id ?? '', await which());
  assert.equal(gone.id, one.id);
  await scene.carry();
  const [left, none] = await list();
  assert.equal(none, undefined);
  assert.equal(await leafFor(scene.jobs, host), fingerprintOf(ecdsa));
  assert.deepEqual(await refusal(certificates.delete(left?.id ?? '', await which())), [409, 1439, undefined]);
});

it('a chain is made anew of what was sent, and the key stays', async () => {
  const host = 'chain.shop.test';
  const issued = await scene.ca.issue([host]);
  const one = await owner.client.customHostnames.create({ ...at, hostname: host, ssl: pair(issued) });
  await scene.carry();
  const forced = await owner.client.customHostnames.edit(one.id, { ...at, ssl: { bundle_method: 'force' } });
  assert.equal(sslOf(forced).bundle_method, 'force');
  assert.notEqual(sslOf(forced).id, sslOf(one).id);
  await scene.carry();
  assert.equal(sslOf(await got(one.id)).status, 'active');
  assert.equal(await leafFor(scene.jobs, host), fingerprintOf(issued));
});

it('a hostname without certificates is given some, and those of the customer’s by ours', async () => {
  const host = 'later.shop.test';
  const one = await owner.client.customHostnames.create({ ...at, hostname: host });
  assert.equal(one.ssl, undefined);
  const own = await scene.ca.issue([host]);
  const brought = await owner.client.customHostnames.edit(one.id, { ...at, ssl: pair(own) });
  await scene.carry();
  assert.equal(await leafFor(scene.jobs, host), fingerprintOf(own));
  const ours = await owner.client.customHostnames.edit(one.id, { ...at, ssl: { method: 'txt', type: 'dv' } });
  assert.notEqual(sslOf(ours).id, sslOf(brought).id);
  scene.shown.txt.set(`_acme-challenge.${host}`, '*');
  await scene.carry();
  assert.equal(
    (await leafFor(scene.jobs, host)) === fingerprintOf(own),
    sslOf(await got(one.id)).status !== 'active',
  );
  await scene.pass(120);
  assert.equal(sslOf(await got(one.id)).status, 'active');
  assert.notEqual(await leafFor(scene.jobs, host), fingerprintOf(own));
});

it('a certificate of a custom CSR finds its key by the request’s id, which another account does not have', async () => {
  const host = 'csr.shop.net';
  const csr = await owner.client.customCsrs.create({
    ...at,
    common_name: host,
    country: 'US',
    state: 'California',
    locality: 'San Francisco',
    organization: 'Shop',
    sans: [host],
    key_type: 'p256v1',
  });
  const issued = await scene.ca.issue([host], { csr: csr.csr ?? assert.fail() });
  const ssl = { custom_certificate: issued.certificate, custom_csr_id: csr.id ?? '' };
  const one = await owner.client.customHostnames.create({ ...at, hostname: host, ssl });
  await scene.carry();
  assert.equal(sslOf(await got(one.id)).status, 'active');
  assert.equal(await leafFor(scene.jobs, host), fingerprintOf(issued));
  const both = owner.client.customHostnames.edit(one.id, {
    ...at,
    ssl: { ...ssl, custom_key: issued.private_key },
  });
  assert.deepEqual(await refusal(both), [400, 1434, '/ssl/custom_csr_id']);
  const other = await scene.owner(['other-saas.test']);
  const theirs = { zone_id: other.zones[0]?.id ?? assert.fail() };
  const stolen = other.client.customHostnames.create({ ...theirs, hostname: host, ssl });
  assert.deepEqual(await refusal(stolen), [404, 1431, '/ssl/custom_csr_id']);
});

it('a fallback origin waits for its proxied record in a zone that we answer for', async () => {
  const { fallbackOrigin } = owner.client.customHostnames;
  const set = await fallbackOrigin.update({ ...at, origin: 'origin.saas.test' });
  assert.deepEqual([set.origin, set.status, set.errors], ['origin.saas.test', 'active', []]);
  const outside = await fallbackOrigin.update({ ...at, origin: 'origin.other.test' });
  assert.equal(outside.status, 'initializing');
  assert.match(outside.errors?.[0] ?? '', /should be a proxied A\/AAAA\/CNAME/);
  await scene.pass(61);
  assert.equal((await fallbackOrigin.get(at)).status, 'pending_deployment');
  await scene.pass(86_401);
  assert.equal((await fallbackOrigin.get(at)).status, 'deployment_timed_out');
  assert.equal((await fallbackOrigin.delete(at)).status, 'pending_deletion');
  assert.deepEqual(await refusal(fallbackOrigin.get(at)), [404, 1551, undefined]);
});

/** By what control of a hostname is shown. */
interface Shows {
  readonly ownership_verification?: { readonly name?: string; readonly value?: string };
}
const prove = ({ ownership_verification: { name = '', value = '' } = {} }: Shows) =>
  scene.shown.txt.set(name, value);
type Owner = typeof owner;
const upload = ({ client }: Owner, zone_id: string, { certificate, private_key }: Issued) =>
  client.customCertificates.create({ zone_id, certificate, private_key, type: 'sni_custom' });
const served = (names: readonly string[]) => Promise.all(names.map((one) => leafFor(scene.jobs, one)));

/** A zone with a custom hostname and an upload, both served: `names` are theirs, `leaves` what is shown for them. */
async function givenServed(zone: string, host: string) {
  const was = await scene.owner([zone]);
  const zone_id = was.zones[0]?.id ?? assert.fail();
  const names = [`www.${zone}`, host];
  const [up, own] = [await scene.ca.issue([`www.${zone}`]), await scene.ca.issue([host])];
  const one = await was.client.customHostnames.create({ zone_id, hostname: host, ssl: pair(own) });
  prove(one);
  await was.client.customHostnames.edit(one.id, { zone_id });
  await upload(was, zone_id, up);
  await scene.carry();
  const leaves = [fingerprintOf(up), fingerprintOf(own)];
  assert.deepEqual(await served(names), leaves);
  return { was, zone_id, names, own, leaves, id: one.id };
}

it('while its zone is paused what serves goes on, and what is brought is held', async () => {
  const { was, zone_id, names, leaves, id } = await givenServed('rests.test', 'www.resting-customer.test');
  await was.client.zones.edit({ zone_id, paused: true });
  const held = await upload(was, zone_id, await scene.ca.issue(['new.rests.test']));
  const status = async () => (await was.client.customCertificates.get(held.id, { zone_id })).status;
  await scene.pass(3_600);
  assert.deepEqual(await served(names), leaves);
  assert.equal((await was.client.customHostnames.get(id, { zone_id })).status, 'active');
  assert.equal(await status(), 'pending');
  await was.client.zones.edit({ zone_id, paused: false });
  await scene.carry();
  assert.equal(await status(), 'active');
});

it('when another account takes over its zone what serves goes on, and nothing has two owners', async () => {
  const [name, hostname] = ['moves.test', 'www.moving-customer.test'];
  const old = await givenServed(name, hostname);
  const [is, zones] = [await scene.owner([]), new ZoneScene(scene.jobs)];
  const zone = await zones.zone(is.id, name);
  zones.show(zone);
  // As looks that find another delegation have it, for long enough.
  await scene.jobs.pool.query("update zones set status = 'moved' where id = $1", [old.zone_id]);
  await zones.look();
  assert.deepEqual(await zones.statuses(zone), ['active']);
  await scene.pass(3_600);
  assert.deepEqual(await served(old.names), old.leaves, 'the new zone has nothing for them yet');
  const anew = await scene.ca.issue([`www.${name}`]);
  await upload(is, zone.id, anew);
  const inIt = { zone_id: zone.id };
  const second = await is.client.customHostnames.create({ ...inIt, hostname, ssl: pair(old.own) });
  await scene.carry();
  const statuses = async () => [
    (await old.was.client.customHostnames.get(old.id, { zone_id: old.zone_id })).status,
    (await is.client.customHostnames.get(second.id, inIt)).status,
  ];
  assert.equal((await statuses())[1], 'pending', 'it is not shown yet');
  prove(second);
  await is.client.customHostnames.edit(second.id, inIt);
  await scene.pass(3_600);
  assert.deepEqual(await statuses(), ['moved', 'active']);
  assert.deepEqual(await served(old.names), [fingerprintOf(anew), old.leaves[1]]);
  const { rows } = await scene.jobs.pool.query(
    `select (select count(*)::int from hostname_owners where hostname = $1) as hostname,
            (select count(*)::int from zone_names where name = $2 and is_holder) as zone`,
    [hostname, name],
  );
  assert.deepEqual(rows, [{ hostname: 1, zone: 1 }]);
});
