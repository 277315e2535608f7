/** Whose a custom hostname is, where several have it: one owner at a time, and a zone of the name before all of them. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { hours } from '../../src/kit/time.ts';
import { getFile } from '../../src/store/published-records.ts';
import { getServing } from '../../src/store/served-hosts.ts';
import { type HostnameScene, hostnameScene, showAll } from '../support/hostnames.ts';
import { leafFor } from '../support/uploads.ts';

const ends = new AsyncDisposableStack();
let scene: HostnameScene;
before(async () => {
  scene = await hostnameScene(ends);
});
after(() => ends.disposeAsync());

const DV = { method: 'txt', type: 'dv' } as const;

/** A platform with a zone, and a hostname of it that was proven by its own token, or not. */
async function platform(zone: string, hostname: string, isProven: boolean) {
  const { client, zones, id: accountId } = await scene.owner([zone]);
  const at = { zone_id: zones[0]?.id ?? assert.fail() };
  const one = await client.customHostnames.create({ ...at, hostname, ssl: DV });
  const prove = () => {
    scene.shown.txt.set(one.ownership_verification?.name ?? '', one.ownership_verification?.value ?? '');
    return client.customHostnames.edit(one.id, at);
  };
  if (isProven) await prove();
  await scene.carry();
  return {
    at,
    id: one.id,
    accountId,
    client,
    prove,
    status: async () => (await client.customHostnames.get(one.id, at)).status,
    packId: async () => (await client.customHostnames.get(one.id, at)).ssl?.id,
    remove: () => client.customHostnames.delete(one.id, at),
  };
}

const owners = async (hostname: string): Promise<string[]> => {
  const { rows } = await scene.jobs.pool.query<{ hostname_id: string }>(
    'select hostname_id from hostname_owners where hostname = $1',
    [hostname],
  );
  return rows.map(({ hostname_id }) => hostname_id);
};
const serving = async (name: string) => (await getServing(scene.jobs.pool, name, 'production'))?.id;

it('moves to the platform that showed control last, and nowhere without that', async () => {
  const host = 'www.customer.test';
  showAll(scene.shown, host);
  const first = await platform('first.test', host, true);
  await scene.pass(120);
  assert.equal(await first.status(), 'active');
  assert.equal(await serving(host), await first.packId());
  const second = await platform('second.test', host, false);
  await scene.pass(120);
  assert.deepEqual([await first.status(), await second.status()], ['active', 'pending']);
  assert.equal(await serving(host), await first.packId(), 'the later pack is issued too, and waits');
  assert.deepEqual(await owners(host), [first.id]);
  await second.prove();
  await scene.carry();
  assert.deepEqual([await first.status(), await second.status()], ['moved', 'active']);
  assert.deepEqual(await owners(host), [second.id]);
  assert.equal(await serving(host), await second.packId());
  assert.equal(typeof (await leafFor(scene.jobs, host)), 'string');
  await second.remove();
  await scene.carry();
  assert.deepEqual(await owners(host), []);
  assert.equal(await serving(host), await first.packId(), 'what is there still serves');
});

it('a name stays with whom it moved to: the record of the one that lost it proves nothing any more', async () => {
  const host = 'stays.customer.test';
  const name = `_cf-custom-hostname.${host}`;
  const first = await platform('stay-a.test', host, true);
  const old = scene.shown.txt.get(name) ?? '';
  const second = await platform('stay-b.test', host, true);
  const own = scene.shown.txt.get(name) ?? '';
  assert.deepEqual([await first.status(), await second.status()], ['moved', 'active']);
  for (const value of [old, own, old, own]) {
    scene.shown.txt.set(name, value);
    await first.client.customHostnames.edit(first.id, first.at);
    await scene.pass(hours(26));
    assert.deepEqual(await owners(host), [second.id]);
  }
  assert.deepEqual([await first.status(), await second.status()], ['moved', 'active']);
  const { ownership_verification: again } = await first.client.customHostnames.get(first.id, first.at);
  assert.notEqual(again?.value, old);
  scene.shown.txt.set(name, again?.value ?? '');
  await first.client.customHostnames.edit(first.id, first.at);
  await scene.carry();
  assert.deepEqual(await owners(host), [first.id], 'with the new one it comes back');
});

it('a CNAME that led to the one that lost a name does not bring it back, until it has led elsewhere', async () => {
  const host = 'led.customer.test';
  const first = await platform('led-a.test', host, false);
  const look = async () => {
    for (const { client, id, at } of [first, second]) await client.customHostnames.edit(id, at);
    await scene.pass(hours(26));
    return [await first.status(), await second.status()];
  };
  scene.shown.cname.set(host, 'customers.led-a.test');
  await scene.pass(hours(1));
  assert.equal(await first.status(), 'active');
  const second = await platform('led-b.test', host, true);
  for (let i = 0; i < 3; i++) assert.deepEqual(await look(), ['moved', 'active']);
  const { verification_errors: errors } = await first.client.customHostnames.get(first.id, first.at);
  assert.match(errors?.[0] ?? '', /control of it was shown elsewhere since/);
  scene.shown.cname.set(host, 'customers.led-b.test');
  assert.deepEqual(await look(), ['moved', 'active']);
  scene.shown.cname.set(host, 'customers.led-a.test');
  assert.deepEqual(await look(), ['active', 'moved'], 'the customer came back');
  assert.deepEqual(await look(), ['active', 'moved'], 'and stays, whatever record is left of the other');
});

it('a zone of the same account takes a name once, and not back day by day', async () => {
  const host = 'app.ours.test';
  const holder = await scene.owner(['ours.test', 'ours-saas.test']);
  const at = { zone_id: holder.zones[1]?.id ?? assert.fail() };
  const one = await holder.client.customHostnames.create({ ...at, hostname: host });
  await scene.carry();
  assert.deepEqual(await owners(host), [one.id]);
  const other = await platform('theirs.test', host, true);
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(await owners(host), [other.id]);
    await holder.client.customHostnames.edit(one.id, at);
    await scene.pass(hours(26));
  }
});

it('two that show control at the same moment are one owner', async () => {
  const host = 'both.customer.test';
  const all = await Promise.all(['x.test', 'y.test', 'z.test'].map((zone) => platform(zone, host, false)));
  scene.shown.txt.set(`_cf-custom-hostname.${host}`, '*');
  await Promise.all(all.map(({ client, id, at }) => client.customHostnames.edit(id, at)));
  await scene.carry();
  const statuses = await Promise.all(all.map(({ status }) => status()));
  assert.deepEqual(
    ['active', 'moved'].map((one) => statuses.filter((status) => status === one).length),
    [1, 2],
  );
  assert.equal((await owners(host)).length, 1);
});

it('a zone of the name goes first with all it has, its wildcards too', async () => {
  const host = 'www.held.test';
  showAll(scene.shown, host);
  const saas = await platform('saas.test', host, true);
  await scene.pass(120);
  assert.equal(await saas.status(), 'active');
  assert.equal(await serving(host), await saas.packId());
  const holder = await scene.owner(['held.test']);
  const zone = { zone_id: holder.zones[0]?.id ?? assert.fail() };
  showAll(scene.shown, 'held.test');
  const order = {
    certificate_authority: 'lets_encrypt',
    type: 'advanced',
    validity_days: 90,
    validation_method: 'txt',
  } as const;
  const pack = await holder.client.ssl.certificatePacks.create({
    ...zone,
    ...order,
    hosts: ['held.test', '*.held.test'],
  });
  await scene.carry();
  await scene.pass(120);
  assert.equal((await holder.client.ssl.certificatePacks.get(pack.id, zone)).status, 'active');
  assert.equal(await serving(host), pack.id);
  assert.equal(await saas.status(), 'active');
});

it('in a zone that has no certificate for the name, nobody takes it who has not shown control', async () => {
  const host = 'www.bare.test';
  await scene.owner(['bare.test']);
  showAll(scene.shown, host);
  const saas = await platform('bare-saas.test', host, true);
  await scene.pass(120);
  assert.equal(await serving(host), await saas.packId());
  const thief = await scene.owner(['thief.test']);
  const at = { zone_id: thief.zones[0]?.id ?? assert.fail() };
  const { certificate, private_key: key } = await scene.ca.issue([host]);
  const ssl = { custom_certificate: certificate, custom_key: key };
  const taken = await thief.client.customHostnames.create({ ...at, hostname: host, ssl });
  await scene.carry();
  assert.equal((await thief.client.customHostnames.get(taken.id, at)).ssl?.status, 'pending_deployment');
  assert.equal(await serving(host), await saas.packId());
});

it('files that show control are the owner’s alone, and its token with them', async () => {
  const host = 'files.customer.test';
  const first = await platform('files-a.test', host, true);
  const second = await platform('files-b.test', host, false);
  for (const { client, id, at } of [first, second])
    await client.customHostnames.edit(id, { ...at, ssl: { method: 'http', type: 'dv' } });
  await scene.carry();
  const { rows } = await scene.jobs.pool.query<{ zone_id: string; path: string }>(
    'select zone_id, path from http_files where host = $1',
    [host],
  );
  const shownOf = async (zoneId: string) => {
    const paths = rows.filter((row) => row.zone_id === zoneId).map(({ path }) => path);
    assert(paths.length > 0);
    return Promise.all(paths.map((path) => getFile(scene.jobs.pool, host, path)));
  };
  assert((await shownOf(first.at.zone_id)).every(Boolean));
  assert(!(await shownOf(second.at.zone_id)).some(Boolean));
  const token = (id: string) =>
    getFile(scene.jobs.pool, host, `/.well-known/cf-custom-hostname-challenge/${id}`);
  const own = await first.client.customHostnames.get(first.id, first.at);
  assert.equal((await token(first.id))?.body, own.ownership_verification?.value);
  assert.equal(await token(second.id), undefined);
});

it('a zone that is deleted gives its hostnames up at once', async () => {
  const host = 'left.customer.test';
  const one = await platform('leaving.test', host, true);
  assert.deepEqual(await owners(host), [one.id]);
  await one.client.zones.delete(one.at);
  assert.deepEqual(await owners(host), []);
});
