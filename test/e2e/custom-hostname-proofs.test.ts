/** Control of custom hostnames as DNS and web servers really show it, in the small world of `dev`. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { givenZone, publish } from '../support/order.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

let world: DevWorld;
let zone: { readonly id: string; readonly name: string };
before(async () => {
  world = await startDev();
  zone = await givenZone(world, 'partial');
});
after(() => world.stop());

const hostnames = () => world.client.customHostnames;
const at = () => ({ zone_id: zone.id });
const DV = { method: 'txt', type: 'dv', certificate_authority: 'google' } as const;

/** Waits until a hostname is active. */
async function isActive(id: string): Promise<void> {
  await hostnames().edit(id, at());
  await until(
    () => hostnames().get(id, at()),
    ({ status }) => status === 'active',
  );
}

it('a TXT record shows it, and a CNAME that leads into the zone by way of another name', async () => {
  const base = `customer-${Date.now()}.test`;
  const text = await hostnames().create({ ...at(), hostname: `text.${base}`, ssl: DV });
  const alias = await hostnames().create({ ...at(), hostname: `alias.${base}` });
  const other = await hostnames().create({ ...at(), hostname: `other.${base}` });
  const errors = await until(
    async () => (await hostnames().get(other.id, at())).verification_errors ?? [],
    ({ length }) => length > 0,
  );
  assert.equal(errors[0], 'custom hostname does not CNAME to this zone.');
  assert.equal(errors.length, 3, 'one for each way');
  const { name = '', value = '' } = text.ownership_verification ?? {};
  await publish(world, name, 'TXT', [value]);
  await publish(world, `alias.${base}`, 'CNAME', [`middle.${base}`]);
  await publish(world, `middle.${base}`, 'CNAME', [`customers.${zone.name}`]);
  await publish(world, `other.${base}`, 'CNAME', [`customers.not-${zone.name}`]);
  await isActive(text.id);
  await isActive(alias.id);
  await hostnames().edit(other.id, at());
  assert.equal((await hostnames().get(other.id, at())).status, 'pending');

  const { validation_records: records = [] } = (await hostnames().get(text.id, at())).ssl ?? {};
  for (const one of records) await publish(world, one.txt_name ?? '', 'TXT', [one.txt_value ?? '']);
  await world.tell('POST', '/clock', { advance_s: 120 });
  const ready = await until(
    () => hostnames().get(text.id, at()),
    ({ ssl }) => ssl?.status === 'active',
  );
  assert.equal(ready.ssl?.certificate_authority, 'google');
});

it('a name that leads to our edges is validated over HTTP by them, once it is its owner’s', async () => {
  const hostname = `web-${Date.now()}.customers.test`;
  await publish(world, `edge.${zone.name}`, 'A', ['127.0.0.1']);
  const one = await hostnames().create({ ...at(), hostname, ssl: { ...DV, method: 'http' } });
  await publish(world, hostname, 'CNAME', [`edge.${zone.name}`]);
  await isActive(one.id);
  await world.tell('POST', '/clock', { advance_s: 120 });
  const ready = await until(
    () => hostnames().get(one.id, at()),
    ({ ssl }) => ssl?.status === 'active',
  );
  assert.equal(ready.ssl?.method, 'http');
});
