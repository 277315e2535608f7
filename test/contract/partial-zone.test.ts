/** Cloudflare's own client orders in a zone whose DNS is the customer's. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { givenZone, orderOf, type PackReply, publish, reach } from '../support/order.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

const packs = () => world.client.ssl.certificatePacks;

it('an order in a partial zone waits for its record and says what was seen where; nothing is asked of the CA', async () => {
  const zone = await givenZone(world, 'partial');
  const requests = async () =>
    (await world.tell<{ requests: number }>('GET', '/ca/lets_encrypt/requests')).requests;
  const { id, validation_records: records } = await packs().create(orderOf(zone));
  const record = records?.[0];
  assert.ok(record?.txt_name && record.txt_value);
  const said = async () => {
    const pack = await packs().get(id, { zone_id: zone.id });
    assert.equal(pack.status, 'pending_validation');
    return pack.validation_errors?.[0]?.message ?? '';
  };
  await until(said, (message) => message.includes(record.txt_value ?? '-'));
  const asked = await requests();

  await publish(world, record.txt_name, 'TXT', ['a stale value']);
  const message = await until(said, (words) => words.includes('a stale value'));
  assert.match(message, /127\.0\.0\.4|ns1\.customers\.test/);
  assert.equal(await requests(), asked);

  await publish(world, record.txt_name, 'TXT', ['a stale value', record.txt_value]);
  const active = await reach(world, zone.id, id, { status: 'active' });
  assert.deepEqual(active.validation_errors, []);
  assert.equal(active.validation_records?.[0]?.status, 'valid');
});

it('an order that CAA records forbid is not sent, says which record to change, and goes on when it was changed', async () => {
  const zone = await givenZone(world, 'partial');
  const requests = async () =>
    (await world.tell<{ requests: number }>('GET', '/ca/google/requests')).requests;
  await publish(world, zone.name, 'CAA', ['0 issue "letsencrypt.org"', '0 iodef "mailto:x@example.com"']);
  const { id } = await packs().create(orderOf(zone, { certificate_authority: 'google' }));
  const said = async () =>
    (await packs().get(id, { zone_id: zone.id })).validation_errors?.[0]?.message ?? '';
  const message = await until(said, (words) => words.includes('CAA'));
  assert(message.includes(zone.name) && message.includes('pki.goog'), message);
  const asked = await requests();
  await world.tell('POST', '/clock', { advance_s: 600 });
  await until(
    async () => (await packs().get(id, { zone_id: zone.id })).status,
    (status) => status === 'initializing',
  );
  assert.equal(await requests(), asked);

  await publish(world, zone.name, 'CAA', ['0 issue "letsencrypt.org"', '0 issue "pki.goog"']);
  await world.tell('POST', '/clock', { advance_s: 600 });
  const waiting = await reach(world, zone.id, id, { status: 'pending_validation' });
  assert.equal(waiting.validation_records?.length, 1);
  await publishAll(waiting);
  await reach(world, zone.id, id, { status: 'active' });
});

it('an order in a partial zone keeps its records as long as the CA’s tokens live: 14 days at google', async () => {
  const zone = await givenZone(world, 'partial');
  const ordered = await packs().create(orderOf(zone, { certificate_authority: 'google' }));
  await world.tell('POST', '/clock', { advance_s: 13 * 86_400 });
  await publishAll(ordered);
  await reach(world, zone.id, ordered.id, { status: 'active' });
});

it('an order in a partial zone needs no record but the delegation, once and for all orders', async () => {
  const zone = await givenZone(world, 'partial');
  const { uuid } = await world.client.dcvDelegation.get({ zone_id: zone.id });
  assert.match(uuid ?? '', /^[0-9a-f]{16}$/);
  const hosts = [zone.name, `*.${zone.name}`];
  const ordered = await packs().create(orderOf(zone, { hosts }));
  const [delegation] = ordered.dcv_delegation_records ?? [];
  assert.equal(ordered.dcv_delegation_records?.length, 1);
  assert.equal(delegation?.cname, `_acme-challenge.${zone.name}`);
  assert.ok(delegation?.cname_target?.startsWith(`${zone.name}.${uuid}.`));
  assert.equal(delegation.status, 'pending');

  await publish(world, delegation.cname ?? '', 'CNAME', [delegation.cname_target ?? '']);
  const active = await reach(world, zone.id, ordered.id, { status: 'active' });
  assert.deepEqual(active.dcv_delegation_records, [{ ...delegation, status: 'active' }]);
  const second = await packs().create(orderOf(zone, { hosts, certificate_authority: 'google' }));
  await reach(world, zone.id, second.id, { status: 'active' });
});

it('a delegation is active only where its own CNAME leads to it, and pending again at the next look without it', async () => {
  const zone = await givenZone(world, 'partial');
  const hosts = [zone.name, `www.${zone.name}`];
  const ordered = await packs().create(orderOf(zone, { hosts }));
  const [apex, www] = ordered.dcv_delegation_records ?? [];
  assert(apex?.cname !== undefined && apex.cname_target !== undefined && www?.cname !== undefined);
  const statuses = async () => {
    const pack = await packs().get(ordered.id, { zone_id: zone.id });
    return pack.dcv_delegation_records?.map(({ status }) => status).join();
  };
  await publish(world, apex.cname, 'CNAME', [apex.cname_target]);
  await until(statuses, (seen) => seen === 'active,pending');
  await publish(world, www.cname, 'CNAME', [apex.cname_target]);
  await publish(world, apex.cname, 'CNAME', []);
  await until(statuses, (seen) => seen === 'pending,pending');
  assert.equal((await packs().get(ordered.id, { zone_id: zone.id })).status, 'pending_validation');
});

it('an order in a partial zone at a CA that does not reuse validations gets more records for RSA, and is asked for them', async () => {
  const zone = await givenZone(world, 'partial');
  const ordered = await packs().create(orderOf(zone, { certificate_authority: 'ssl_com' }));
  await publishAll(ordered);

  const again = await until(
    () => packs().get(ordered.id, { zone_id: zone.id }),
    (pack) => pack.validation_records?.length === 2 && pack.status === 'pending_validation',
  );
  assert.deepEqual(
    again.validation_records?.map(({ status }) => status),
    ['valid', 'pending'],
  );
  await publishAll(again);
  await reach(world, zone.id, ordered.id, { status: 'active' });
});

/** Does what a customer is told: creates the records of a pack that has one name. */
function publishAll({ validation_records: records = [] }: PackReply): Promise<unknown> {
  const values = records.map(({ txt_value: value = '' }) => value);
  return publish(world, records[0]?.txt_name ?? '', 'TXT', values);
}
