/** Control of custom hostnames as DNS and web servers really show it, in the small world of `dev`. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { connect } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
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

/** Version and suite that the edge agrees on with a client of one version; undefined: it refuses it. */
function agreed(servername: string, version: 'TLSv1.2' | 'TLSv1.3'): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const versions = { minVersion: version, maxVersion: version, rejectUnauthorized: false };
  const socket = connect({ ...world.edges.production, servername, ...versions });
  socket.once('secureConnect', () => resolve(`${socket.getProtocol()} ${socket.getCipher().name}`));
  socket.on('error', () => resolve(undefined));
  return promise.finally(() => socket.destroy());
}

const LATEST = 'TLSv1.3 TLS_AES_128_GCM_SHA256';
const USUAL = 'TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256';

/** Settings of a hostname hold at the edge within two seconds, and for its name alone. */
async function assertOwnTls(id: string, name: string): Promise<void> {
  const ssl = { method: 'txt', type: 'dv' } as const;
  const set = (settings: object) => hostnames().edit(id, { ...at(), ssl: { ...ssl, settings } });
  const both = async () => [await agreed(name, 'TLSv1.2'), await agreed(name, 'TLSv1.3')];
  const holds = (wanted: readonly (string | undefined)[]) =>
    until(both, (seen) => isDeepStrictEqual(seen, wanted), 2);
  await holds([USUAL, LATEST]);
  await set({ min_tls_version: '1.3' });
  await holds([undefined, LATEST]);
  await set({ tls_1_3: 'off', ciphers: ['ECDHE-ECDSA-AES256-GCM-SHA384', 'AES128-SHA'] });
  await holds(['TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384', undefined]);
  await set({ min_tls_version: '1.2' });
  await holds([USUAL, LATEST]);
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
  await assertOwnTls(text.id, `text.${base}`);
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
