/** Cloudflare's own client asks how far validation is, and has control shown otherwise. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import Cloudflare from 'cloudflare';
import { givenZone, orderOf, publish, reach } from '../support/order.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

const packs = () => world.client.ssl.certificatePacks;
const verification = () => world.client.ssl.verification;
const told = (zone: { id: string }) => verification().get({ zone_id: zone.id });
/** What is asked of a pack now, and by which records. */
const recordOf = async (zone: { id: string }, id: string) => {
  const { validation_records: records } = await packs().get(id, { zone_id: zone.id });
  return records?.[0] ?? {};
};

it('a pack is told of from its order on: what is to be shown, whether it is, and how it is signed once it is there', async () => {
  const zone = await givenZone(world, 'partial');
  assert.deepEqual(await told(zone), []);
  const { id } = await packs().create(orderOf(zone));
  const { txt_name: name = '', txt_value: value = '' } = await recordOf(zone, id);
  const waiting = {
    certificate_status: 'authorizing',
    brand_check: false,
    cert_pack_uuid: id,
    validation_method: 'txt',
    verification_info: { record_name: name, record_target: value },
    verification_status: false,
    verification_type: 'cname',
  };
  assert.deepEqual(await told(zone), [waiting]);
  await publish(world, name, 'TXT', [value]);
  await reach(world, zone.id, id, { status: 'active' });
  const active = { ...waiting, certificate_status: 'active', verification_status: true };
  assert.deepEqual(await told(zone), [{ ...active, signature: 'ECDSAWithSHA256' }]);
});

it('retry=true looks at once, where a record was made after the last look', async () => {
  const zone = await givenZone(world, 'partial');
  const { id } = await packs().create(orderOf(zone));
  const errors = async () => (await packs().get(id, { zone_id: zone.id })).validation_errors ?? [];
  await until(errors, ({ length }) => length > 0);
  await world.tell('POST', '/clock', { advance_s: 11 });
  const events = await eventsOf(id);
  await verification().get({ zone_id: zone.id, retry: true });
  assert.deepEqual(await eventsOf(id), [...events, 'hurry']);
  await verification().get({ zone_id: zone.id, retry: true });
  assert.deepEqual(await eventsOf(id), [...events, 'hurry'], 'not again and again');
});

/** What the audit log has of a pack, the earliest first. */
async function eventsOf(id: string): Promise<string[]> {
  const path = `/accounts/${world.account_id}/logs/audit?resource_id=${id}&since=2000-01-01&before=2100-01-01`;
  const { result }: { result: { action: { description: string } }[] } = await world.client.get(path);
  return result.map(({ action }) => action.description).toReversed();
}

it('another method makes a new order with new records, and the old ones are no longer asked for', async () => {
  const zone = await givenZone(world, 'partial');
  const { id } = await packs().create(orderOf(zone));
  const first = await recordOf(zone, id);
  const change = (validation_method: 'txt' | 'http') =>
    verification().edit(id, { zone_id: zone.id, validation_method });
  assert.deepEqual(
    { ...(await change('http')) },
    { status: 'pending_validation', validation_method: 'http' },
  );
  const { http_url: url = '', http_body: body } = await recordOf(zone, id);
  assert(url.startsWith(`http://${zone.name}/.well-known/acme-challenge/`), url);
  assert.equal((await packs().get(id, { zone_id: zone.id })).validation_method, 'http');
  const [shown] = await told(zone);
  assert.equal(shown?.validation_method, 'http');
  assert.equal(shown?.verification_type, 'meta tag');
  assert.deepEqual(shown?.verification_info, { record_name: url, record_target: body });

  await change('txt');
  const { txt_name: name = '', txt_value: value = '' } = await recordOf(zone, id);
  assert.notEqual(value, first.txt_value);
  await publish(world, name, 'TXT', [value]);
  const pack = await reach(world, zone.id, id, { status: 'active' });
  assert.equal(pack.validation_method, 'txt');
  await assert.rejects(change('http'), (error) => {
    assert(error instanceof Cloudflare.BadRequestError);
    assert.equal(error.errors[0]?.code, 1406);
    assert.match(String(error.errors[0]?.message), /not asked for in active: order another certificate pack/);
    return true;
  });
  assert.deepEqual({ ...(await change('txt')) }, { status: 'active', validation_method: 'txt' });
});

it('an order over HTTP that goes on by TXT in a full zone is validated by our own DNS', async () => {
  const zone = await givenZone(world, 'full');
  const { id } = await packs().create(orderOf(zone, { validation_method: 'http' }));
  await verification().edit(id, { zone_id: zone.id, validation_method: 'txt' });
  assert.equal((await reach(world, zone.id, id, { status: 'active' })).validation_method, 'txt');
});

it('cname is by the delegation record: the same order goes on, by a CNAME that leads to us', async () => {
  const zone = await givenZone(world, 'partial');
  const { id, ...ordered } = await packs().create(orderOf(zone));
  const first = await recordOf(zone, id);
  const { validation_method: method } = await verification().edit(id, {
    zone_id: zone.id,
    validation_method: 'cname',
  });
  assert.equal(method, 'cname');
  assert.deepEqual(await recordOf(zone, id), first, 'nothing new is to be shown');
  const [{ cname = '', cname_target: target = '' } = {}] = ordered.dcv_delegation_records ?? [];
  const [shown] = await told(zone);
  assert.equal(shown?.validation_method, 'cname');
  assert.deepEqual(shown?.verification_info, { record_name: cname, record_target: target });
  assert.equal(shown?.verification_status, false);
  await publish(world, cname, 'CNAME', [target]);
  await reach(world, zone.id, id, { status: 'active' });
  assert.equal((await packs().get(id, { zone_id: zone.id })).validation_method, 'txt');
  const [verified] = await told(zone);
  assert.equal(verified?.validation_method, 'cname');
  assert.equal(verified?.verification_status, true);
});

it('a validation that ran out begins anew by the same method as by another', async () => {
  const zone = await givenZone(world, 'partial');
  const ids = [(await packs().create(orderOf(zone))).id, (await packs().create(orderOf(zone))).id];
  await world.tell('POST', '/clock', { advance_s: 7 * 86_400 + 60 });
  for (const id of ids) await reach(world, zone.id, id, { status: 'validation_timed_out' });
  assert.deepEqual(
    (await told(zone)).map(({ certificate_status: status }) => status),
    ['timing_out', 'timing_out'],
  );
  for (const [i, id] of ids.entries()) {
    const validation_method = i === 0 ? 'txt' : 'http';
    const answer = await verification().edit(id, { zone_id: zone.id, validation_method });
    assert.deepEqual({ ...answer }, { status: 'pending_validation', validation_method });
    assert.equal((await packs().get(id, { zone_id: zone.id })).validation_method, validation_method);
  }
});

const REFUSED = [
  ['a file for a wildcard', 'http', /no CA proves \*\.zone-\S+ over HTTP/],
  ['a CNAME in a zone that we answer for', 'cname', /is answered by this service; take 'txt'/],
] as const;
for (const [what, validation_method, says] of REFUSED) {
  it(`${what} is refused with a pointer`, async () => {
    const zone = await givenZone(world, 'full');
    const { id } = await packs().create(orderOf(zone, { hosts: [`*.${zone.name}`] }));
    await assert.rejects(verification().edit(id, { zone_id: zone.id, validation_method }), (error) => {
      assert(error instanceof Cloudflare.BadRequestError);
      const { message, source } = Object(error.errors[0]);
      assert.deepEqual(source, { pointer: '/validation_method' });
      assert.match(message, says);
      return true;
    });
  });
}
