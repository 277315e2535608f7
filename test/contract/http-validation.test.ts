/** Cloudflare's own client orders with validation over HTTP: the host leads to our edge, which shows the file. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { givenZone, orderOf, publish, reach } from '../support/order.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

const packs = () => world.client.ssl.certificatePacks;
const lead = (name: string, address: string) => publish(world, name, 'A', [address]);

it('an order over HTTP names the file of each host, waits for its address, and becomes active at our edge', async () => {
  const zone = await givenZone(world, 'partial');
  const hosts = [zone.name, `www.${zone.name}`];
  const { id, ...ordered } = await packs().create(orderOf(zone, { hosts, validation_method: 'http' }));
  assert.equal(ordered.validation_method, 'http');
  assert.deepEqual(ordered.dcv_delegation_records, []);
  const records = ordered.validation_records ?? [];
  for (const [i, host] of hosts.entries()) {
    const { http_url: url = '', http_body: body = '', ...others } = records[i] ?? {};
    assert.match(url, new RegExp(`^http://${host}/\\.well-known/acme-challenge/[\\w-]+$`));
    assert.ok(body.startsWith(`${url.split('/').at(-1)}.`), body);
    assert.deepEqual(others, { status: 'pending' });
  }

  const said = async () =>
    ((await packs().get(id, { zone_id: zone.id })).validation_errors ?? []).map(({ message }) => message);
  const [first] = await until(said, (messages) => messages.length === 2);
  assert.equal(
    first,
    `${zone.name} has no address; create an A or AAAA record that leads ${zone.name} to the server or edge that answers for it`,
  );

  for (const host of hosts) await lead(host, world.edges.production.host);
  const pack = await reach(world, zone.id, id, { status: 'active' });
  assert.deepEqual(pack.validation_errors, []);
  assert.equal(pack.validation_records?.[0]?.status, 'valid');
  assert.equal(pack.certificates.length, 2);
});

it('a host that leads past our edge says what was seen there, and the CA is not asked', async () => {
  const zone = await givenZone(world, 'partial');
  const requests = async () =>
    (await world.tell<{ requests: number }>('GET', '/ca/google/requests')).requests;
  await lead(zone.name, '127.0.0.77');
  const order = orderOf(zone, { validation_method: 'http', certificate_authority: 'google' });
  const { id } = await packs().create(order);
  const said = async () =>
    (await packs().get(id, { zone_id: zone.id })).validation_errors?.[0]?.message ?? '';
  const message = await until(said, (words) => words !== '');
  const asked = await requests();
  assert.match(
    message,
    /at 127\.0\.0\.77 cannot be read \(ECONNREFUSED\): \S+ is an apex.*, or let the whole Internet reach port 80 of/,
  );
  assert.ok(message.includes(zone.name));
  await world.tell('POST', '/clock', { advance_s: 300 });
  await until(said, (words) => words !== '');
  assert.equal(await requests(), asked);
});

it('CAA records that allow no validation over HTTP forbid it before the order, in words', async () => {
  const zone = await givenZone(world, 'partial');
  await publish(world, zone.name, 'CAA', ['0 issue "letsencrypt.org; validationmethods=dns-01"']);
  const { id } = await packs().create(orderOf(zone, { validation_method: 'http' }));
  const said = async () =>
    (await packs().get(id, { zone_id: zone.id })).validation_errors?.[0]?.message ?? '';
  assert.match(await until(said, (words) => words.includes('CAA')), /http-01/);
});

it('a wildcard over HTTP is refused with the reason', async () => {
  const zone = await givenZone(world, 'partial');
  const hosts = [zone.name, `*.${zone.name}`];
  await assert.rejects(packs().create(orderOf(zone, { hosts, validation_method: 'http' })), {
    status: 400,
    message: /no CA proves \*\.zone-\S+ over HTTP; order with 'txt', or without wildcards/,
  });
});
