/** The whole service with three CAs that nobody here wrote: Pebble, each with a root of its own. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { CERTIFICATE_AUTHORITIES, type CertificateAuthority } from '../../src/pack/pack.ts';
import { type Pebble, rowOfPebble, startPebble } from '../support/pebble.ts';
import { needs } from '../support/peers.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { until } from '../support/world.ts';

const there = needs('pebble');

const ends = new AsyncDisposableStack();
const pebbles = new Map<CertificateAuthority, Pebble>();
let service: TestService;

before(async () => {
  if (there.skip !== false) return;
  service = await startTestService(ends, {
    rows: async ({ dnsPort }, dir, httpPort) => {
      const dns = `127.0.0.1:${dnsPort}`;
      for (const name of CERTIFICATE_AUTHORITIES)
        pebbles.set(
          name,
          await startPebble(ends, { dir, name, dns, httpPort, hasEab: name !== 'lets_encrypt', reuse: 100 }),
        );
      return [...pebbles].map(([name, pebble]) => rowOfPebble(name, pebble));
    },
  });
});
after(() => ends.disposeAsync());

let zones = 0;
const newZone = async (type: 'full' | 'partial') => {
  zones += 1;
  const name = `pebble-${zones}.test`;
  const { id } = await service.client.zones.create({ account: { id: service.accountId }, name, type });
  return { id, name };
};

interface Order {
  readonly zone: { readonly id: string; readonly name: string };
  readonly ca: CertificateAuthority;
  readonly hosts: readonly string[];
  readonly method?: 'txt' | 'http';
}

const order = ({ zone, ca, hosts, method = 'txt' }: Order) =>
  service.client.ssl.certificatePacks.create({
    zone_id: zone.id,
    type: 'advanced',
    hosts: [...hosts],
    certificate_authority: ca,
    validation_method: method,
    validity_days: 90,
  });

const active = (zone: { readonly id: string }, packId: string) =>
  until(
    () => service.client.ssl.certificatePacks.get(packId, { zone_id: zone.id }),
    ({ status }) => status === 'active',
    30,
  );

/** Publishes a record in a customer's zone. */
const publish = (name: string, type: string, value: string) =>
  fetch(`${service.simulator.control}/dns/records`, {
    method: 'PUT',
    body: JSON.stringify({ name, type, values: [value] }),
  });

/** Chains of a pack as they are stored. */
async function chainsOf(packId: string): Promise<X509Certificate[][]> {
  const { rows } = await service.pool.query<{ chain: string }>(
    'select chain from certificates where pack_id = $1 order by algorithm',
    [packId],
  );
  const pems = rows.map(({ chain }) => chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []);
  return pems.map((chain) => chain.map((pem) => new X509Certificate(pem)));
}

for (const ca of CERTIFICATE_AUTHORITIES)
  test(
    `a pack becomes active with the own root of a Pebble as ${ca}, for apex, wildcard and www`,
    there,
    async () => {
      const zone = await newZone('full');
      const hosts = [zone.name, `*.${zone.name}`, `www.${zone.name}`];
      const { id } = await order({ zone, ca, hosts });
      const pack = await active(zone, id);
      assert.deepEqual(pack.validation_errors, []);
      const root = new X509Certificate(pebbles.get(ca)?.rootPem ?? '');
      const chains = await chainsOf(id);
      assert.equal(chains.length, 2);
      for (const [leaf, ...above] of chains) {
        assert(leaf && above.length > 0);
        assert.deepEqual(
          leaf.subjectAltName?.split(', ').toSorted(),
          hosts.map((host) => `DNS:${host}`).toSorted(),
        );
        for (const [i, one] of [leaf, ...above].entries()) {
          const issuer = above[i] ?? root;
          assert(one.checkIssued(issuer) && one.verify(issuer.publicKey), `certificate ${i} of ${ca}`);
        }
      }
    },
  );

test('a pack from a Pebble has up to 50 hosts', there, async () => {
  const zone = await newZone('full');
  const hosts = Array.from({ length: 50 }, (_, i) => `h${i}.${zone.name}`);
  const { id } = await order({ zone, ca: 'lets_encrypt', hosts });
  await active(zone, id);
  const [[leaf] = []] = await chainsOf(id);
  assert.equal(leaf?.subjectAltName?.split(', ').length, 50);
});

test('a pack from a Pebble is validated by a delegation', there, async () => {
  const zone = await newZone('partial');
  const { id, dcv_delegation_records: delegations } = await order({
    zone,
    ca: 'google',
    hosts: [zone.name],
  });
  const [{ cname = '', cname_target: target = '' } = {}] = delegations ?? [];
  await publish(cname, 'CNAME', target);
  await service.advance(60);
  await active(zone, id);
});

test('a pack from a Pebble is validated over HTTP, by the file that our edge shows', there, async () => {
  const zone = await newZone('partial');
  const hosts = [zone.name, `www.${zone.name}`];
  for (const host of hosts) await publish(host, 'A', '127.0.0.1');
  const { id } = await order({ zone, ca: 'ssl_com', hosts, method: 'http' });
  await active(zone, id);
});

test('a pack from a Pebble is revoked there, both certificates', there, async () => {
  const zone = await newZone('full');
  const { id } = await order({ zone, ca: 'google', hosts: [zone.name] });
  await active(zone, id);
  const path = `/zones/${zone.id}/ssl/certificate_packs/${id}/revoke`;
  interface Told {
    readonly result: {
      readonly certificates: readonly { readonly serial_number: string; readonly status: string }[];
    };
  }
  const post: Promise<Told> = service.client.post(path, { body: { reason: 'superseded' } });
  const serials = (await post).result.certificates.map(({ serial_number }) => serial_number);
  assert.equal(serials.length, 2);
  const get = (): Promise<Told> => service.client.get(path);
  await until(get, ({ result }) => result.certificates.every(({ status }) => status === 'revoked'));
  for (const serial of serials) assert.equal(await pebbles.get('google')?.statusOf(serial), 'Revoked');
});

test('thirty packs in a row, from three Pebbles, become active without a hang', there, async () => {
  const zone = await newZone('full');
  for (let i = 0; i < 30; i++) {
    const ca = CERTIFICATE_AUTHORITIES[i % 3] ?? 'google';
    const { id } = await order({ zone, ca, hosts: [`row-${i}.${zone.name}`] });
    await active(zone, id);
  }
});
