/** Every type of pack, each made in a running service by what makes it, found in the list of one zone, and served. */
import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { after, before, it } from 'node:test';
import { connect } from 'node:tls';
import { systemClock } from '../../src/kit/clock.ts';
import { PACK_TYPES, type PackType } from '../../src/pack/pack.ts';
import { builtTerminator, givenKeyServer, keylessNeeds } from '../support/keyless.ts';
import { orderOf, type PackReply, publish } from '../support/order.ts';
import { make, pemOf } from '../support/pki.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

const NEEDED = keylessNeeds();
const ends = new AsyncDisposableStack();
const NAME = 'types.test';
/** A certificate whose key is behind a key server. */
let elsewhere: { readonly certificate: string; readonly port: number };
let world: DevWorld;
before(async () => {
  if (NEEDED.skip !== false) return;
  const made = await make(systemClock().now(), { hosts: [`keyless.${NAME}`] });
  const { port, options } = await givenKeyServer(ends, [made.key]);
  elsewhere = { certificate: made.pem, port };
  const given = Object.entries({ ...options, keyless_program: await builtTerminator() });
  const environment = given.map(
    ([name, value]) => [`CERTPACKS_${name.toUpperCase()}`, String(value)] as const,
  );
  world = await startDev(['--port', '0', '--universal', 'on'], Object.fromEntries(environment));
  ends.defer(() => world.stop());
});
after(() => ends.disposeAsync());

type Zone = { readonly id: string; readonly name: string };

/** A certificate of the customer's own, by a CA of his. */
async function brought(host: string): Promise<{ readonly certificate: string; readonly key: string }> {
  const made = await make(systemClock().now(), { hosts: [host] });
  return { certificate: made.pem, key: pemOf(made) };
}

async function upload({ id: zone_id, name }: Zone, type: 'sni_custom' | 'legacy_custom'): Promise<void> {
  const { certificate, key: private_key } = await brought(`${type.replace('_', '-')}.${name}`);
  await world.client.customCertificates.create({
    zone_id,
    certificate,
    private_key,
    type,
    bundle_method: 'force',
  });
}

/** A name of a customer's customer, who shows control of it by a record of his. */
async function takeHostname({ id: zone_id }: Zone, hostname: string, ssl: object): Promise<void> {
  const made = await world.client.customHostnames.create({ zone_id, hostname, ssl });
  const { name = '', value = '' } = made.ownership_verification ?? {};
  await publish(world, name, 'TXT', [value]);
  const records = await until(
    async () => (await world.client.customHostnames.get(made.id, { zone_id })).ssl,
    (shown) => shown?.status === 'active' || (shown?.validation_records ?? []).length > 0,
  );
  for (const one of records?.validation_records ?? [])
    if (one.txt_name && one.txt_value) await publish(world, one.txt_name, 'TXT', [one.txt_value]);
  // Looks at once.
  await world.client.customHostnames.edit(made.id, { zone_id });
}

/** How packs of each type are made. */
const MADE: Readonly<Record<PackType, (zone: Zone) => Promise<unknown>>> = {
  universal: async () => undefined,
  advanced: (zone) =>
    world.client.ssl.certificatePacks.create(orderOf(zone, { hosts: [`a.b.${zone.name}`] })),
  async total_tls({ id: zone_id, name }) {
    await world.client.acm.totalTLS.update({ zone_id, enabled: true });
    const record = { name: `c.d.${name}`, type: 'A', content: '192.0.2.1', ttl: 1, proxied: true } as const;
    await world.client.dns.records.create({ zone_id, ...record });
  },
  sni_custom: (zone) => upload(zone, 'sni_custom'),
  keyless: ({ id: zone_id }) =>
    world.client.keylessCertificates.create({
      zone_id,
      host: '127.0.0.1',
      port: elsewhere.port,
      certificate: elsewhere.certificate,
      bundle_method: 'force',
    }),
  legacy_custom: (zone) => upload(zone, 'legacy_custom'),
  managed_hostname: (zone) => takeHostname(zone, `managed-${zone.name}`, { method: 'txt', type: 'dv' }),
  async mh_custom(zone) {
    const hostname = `brought-${zone.name}`;
    const { certificate: custom_certificate, key: custom_key } = await brought(hostname);
    await takeHostname(zone, hostname, { custom_certificate, custom_key, bundle_method: 'force' });
  },
};

it('packs of every type are in the list of a zone, active and served', {
  ...NEEDED,
  timeout: 170_000,
}, async () => {
  const zone = await world.client.zones.create({
    account: { id: world.account_id },
    name: NAME,
    type: 'full',
  });
  await Promise.all(PACK_TYPES.map((type) => MADE[type](zone)));
  const packs = await until(
    async () => {
      const page: { result: PackReply[] } = await world.client.get(
        `/zones/${zone.id}/ssl/certificate_packs`,
        {
          query: { per_page: 50 },
        },
      );
      return page.result;
    },
    (found) => PACK_TYPES.every((type) => found.some((one) => one.type === type && one.status === 'active')),
    120,
  );
  for (const { certificates, hosts, type } of packs) {
    const [host = ''] = hosts;
    const shown = await shownFor(host);
    assert(shown.checkHost(host.replace('*', 'any')), `${type}: ${host}`);
    const expiries = certificates.map(({ expires_on: end }) => new Date(end ?? 0).getTime());
    assert(expiries.includes(shown.validToDate.getTime()), `${type}: another certificate`);
  }
});

/** What an edge shows to who asks for a host. */
async function shownFor(host: string): Promise<X509Certificate> {
  const socket = connect({
    ...world.edges.production,
    servername: host.replace('*', 'any'),
    rejectUnauthorized: false,
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(10_000) });
    return socket.getPeerX509Certificate() ?? assert.fail();
  } finally {
    socket.destroy();
  }
}
