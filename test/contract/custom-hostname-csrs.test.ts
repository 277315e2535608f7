/** Certificates of custom hostnames whose keys were made here: each finds its own, and keeps its request. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type HostnameScene, hostnameScene } from '../support/hostnames.ts';
import { fingerprintOf, leafFor, refusal } from '../support/uploads.ts';

const ends = new AsyncDisposableStack();
let scene: HostnameScene;
let owner: Awaited<ReturnType<HostnameScene['owner']>>;
let at: { readonly zone_id: string };
before(async () => {
  scene = await hostnameScene(ends);
  owner = await scene.owner(['saas.test', 'other-saas.test']);
  at = { zone_id: owner.zones[0]?.id ?? assert.fail() };
});
after(() => ends.disposeAsync());

const got = (id: string) => owner.client.customHostnames.get(id, at);
const packOf = async (id: string) => (await got(id)).ssl?.id ?? assert.fail('it has no certificates');
const statusOf = async (id: string) => (await got(id)).ssl?.status;

const TERMS = { country: 'US', state: 'California', locality: 'San Francisco', organization: 'Shop' };

/** A request for a host: of the zone, unless another owner is told. */
async function request(
  host: string,
  keyType: 'p256v1' | 'rsa2048' = 'p256v1',
  of: { zone_id: string } | { account_id: string } = at,
) {
  const terms = { ...TERMS, common_name: host, sans: [host], key_type: keyType };
  const { id, csr } = await owner.client.customCsrs.create({ ...of, ...terms });
  assert.ok(id && csr);
  const issue = async () => {
    const issued = await scene.ca.issue([host], { csr });
    return { ssl: { custom_certificate: issued.certificate }, leaf: fingerprintOf(issued) };
  };
  return { id, issue };
}

const create = (hostname: string, ssl: object) =>
  owner.client.customHostnames.create({ ...at, hostname, ssl });
const demandUsed = async (id: string) =>
  assert.deepEqual(await refusal(owner.client.customCsrs.delete(id, at)), [409, 1420, undefined]);

it('a certificate without a key finds that of a request of the zone, and the next one of that key too', async () => {
  const host = 'found.shop.net';
  const csr = await request(host);
  const [first, next] = [await csr.issue(), await csr.issue()];
  const { id } = await create(host, first.ssl);
  await scene.carry();
  assert.deepEqual([await statusOf(id), await leafFor(scene.jobs, host)], ['active', first.leaf]);
  await demandUsed(csr.id);
  await owner.client.customHostnames.edit(id, { ...at, ssl: next.ssl });
  await scene.carry();
  assert.deepEqual([await statusOf(id), await leafFor(scene.jobs, host)], ['active', next.leaf]);
  await demandUsed(csr.id);
});

it('it is found among those of the account too, and not among those of another zone', async () => {
  const host = 'account.shop.net';
  const accountId = owner.zones[0]?.accountId ?? assert.fail();
  const ofAccount = await (await request(host, 'p256v1', { account_id: accountId })).issue();
  const { id } = await create(host, ofAccount.ssl);
  await scene.carry();
  assert.deepEqual([await statusOf(id), await leafFor(scene.jobs, host)], ['active', ofAccount.leaf]);
  const zoneId = owner.zones[1]?.id ?? assert.fail();
  const ofOther = await (await request('elsewhere.shop.net', 'p256v1', { zone_id: zoneId })).issue();
  assert.deepEqual(await refusal(create('elsewhere.shop.net', ofOther.ssl)), [400, 1428, '/ssl/custom_key']);
});

it('each of two kinds finds its own, and both requests stay while both keys are used, whatever changes beside them', async () => {
  const host = 'both.shop.net';
  const [ecdsa, rsa] = [await request(host), await request(host, 'rsa2048')];
  const [one, other] = [await ecdsa.issue(), await rsa.issue()];
  const { id } = await create(host, { custom_cert_bundle: [other.ssl, one.ssl] });
  await scene.carry();
  assert.equal(await statusOf(id), 'active');
  await demandUsed(ecdsa.id);
  await demandUsed(rsa.id);
  await owner.client.customHostnames.edit(id, { ...at, ssl: { bundle_method: 'force' } });
  await scene.carry();
  await scene.pass(200);
  await demandUsed(ecdsa.id);
  await demandUsed(rsa.id);
});

it('a single certificate comes in the place of another without a key, and the request that lost its last one goes', async () => {
  const host = 'single.shop.net';
  const [old, fresh] = [await request(host), await request(host)];
  const { id } = await create(host, (await old.issue()).ssl);
  await scene.carry();
  const { certificates } = await owner.client.ssl.certificatePacks.get(await packOf(id), at);
  const path = `/zones/${at.zone_id}/custom_hostnames/${id}/certificate_pack/${await packOf(id)}/certificates/${certificates?.[0]?.id}`;
  const next = await fresh.issue();
  await owner.client.put(path, { body: next.ssl });
  await scene.carry();
  await scene.pass(200);
  assert.deepEqual([await statusOf(id), await leafFor(scene.jobs, host)], ['active', next.leaf]);
  await demandUsed(fresh.id);
  await owner.client.customCsrs.delete(old.id, at);
});
