/** Cloudflare's own client orders certificates with a name of the operator's beside their hosts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, it } from 'node:test';
import { connect, type PeerCertificate } from 'node:tls';
import Cloudflare from 'cloudflare';
import { givenZone, orderOf, type PackReply, publish, reach } from '../support/order.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

const packs = () => world.client.ssl.certificatePacks;
const BRANDED = /^sni-[0-9a-f]{16}\.brand\.certpacks\.test$/;
const branded = { cloudflare_branding: true } as const;

/** The leaf that the production edge shows for a name. */
async function shownFor(servername: string): Promise<PeerCertificate> {
  const socket = connect({ ...world.edges.production, servername, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(10_000) });
    return socket.getPeerCertificate();
  } finally {
    socket.destroy();
  }
}

/** The branded name of a pack's certificates, all of which have the same one beside the hosts. */
function brandedIn({ hosts, certificates }: PackReply): string {
  const names = certificates.map((one) => one.hosts.filter((host) => !hosts.includes(host)));
  assert.equal(names.length, 2);
  assert.deepEqual(names[0], names[1]);
  assert.equal(names[0]?.length, 1);
  const [name = ''] = names[0] ?? [];
  assert.match(name, BRANDED);
  for (const one of certificates) assert.equal(one.hosts.length, hosts.length + 1);
  return name;
}

it('a branded pack has its hosts as ordered, and certificates with one more name, their common name', async () => {
  const zone = await givenZone(world, 'full');
  const hosts = [zone.name, `*.${zone.name}`];
  const ordered = await packs().create(orderOf(zone, { hosts, ...branded }));
  assert.equal(ordered.cloudflare_branding, true);
  assert.equal(ordered.validation_records?.length, 2, 'nobody is to show the name but us');
  const pack = await reach(world, zone.id, ordered.id, { status: 'active' });
  assert.deepEqual(pack.hosts, hosts);
  assert.deepEqual(pack.validation_errors, []);
  assert.equal(pack.validation_records?.length, 2);
  const name = brandedIn(pack);
  const { subject, subjectaltname } = await shownFor(zone.name);
  assert.equal(subject.CN, name);
  assert.deepEqual(
    subjectaltname?.split(', ').toSorted(),
    [...hosts, name].map((host) => `DNS:${host}`).toSorted(),
  );
  const [verified] = await world.client.ssl.verification.get({ zone_id: zone.id });
  assert.equal(verified?.verification_status, true);
  assert.equal(verified?.verification_info?.record_name, `_acme-challenge.${zone.name}`);
});

it('the name is another for each pack, and served to nobody', async () => {
  const zone = await givenZone(world, 'full');
  const hosts = [zone.name, `www.${zone.name}`];
  const both = await Promise.all(
    hosts.map((host) => packs().create(orderOf(zone, { hosts: [host], ...branded }))),
  );
  const [one = '', other] = await Promise.all(
    both.map(async ({ id }) => brandedIn(await reach(world, zone.id, id, { status: 'active' }))),
  );
  assert.notEqual(one, other);
  await assert.rejects(shownFor(one));
});

it('a host that is too long for a common name is ordered with branding, and without', async () => {
  const zone = await givenZone(world, 'full');
  const [long, other] = ['a', 'b'].map((letter) => `${letter.repeat(63)}.${zone.name}`);
  assert(long !== undefined && other !== undefined);
  const [with_, without] = await Promise.all([
    packs().create(orderOf(zone, { hosts: [long], ...branded })),
    packs().create(orderOf(zone, { hosts: [other], cloudflare_branding: false })),
  ]);
  brandedIn(await reach(world, zone.id, with_.id, { status: 'active' }));
  const plain = await reach(world, zone.id, without.id, { status: 'active' });
  assert.equal(plain.cloudflare_branding, false);
  assert.deepEqual(plain.certificates[0]?.hosts, [other]);
});

it('whatever shows control of the hosts, the subscriber is asked for that alone: files, and our DNS does the rest', async () => {
  const zone = await givenZone(world, 'partial');
  const ordered = await packs().create(orderOf(zone, { validation_method: 'http', ...branded }));
  assert.deepEqual(
    ordered.validation_records?.map(({ http_url: url = '' }) => new URL(url).hostname),
    [zone.name],
  );
  await publish(world, zone.name, 'A', [world.edges.production.host]);
  brandedIn(await reach(world, zone.id, ordered.id, { status: 'active' }));
});

it('a CA that wants control shown for each certificate is shown that of the name each time', async () => {
  const zone = await givenZone(world, 'partial');
  const order = orderOf(zone, { certificate_authority: 'ssl_com', ...branded });
  const { id, dcv_delegation_records: delegations } = await packs().create(order);
  const [{ cname = '', cname_target: target = '' } = {}] = delegations ?? [];
  await publish(world, cname, 'CNAME', [target]);
  const pack = await reach(world, zone.id, id, { status: 'active' });
  brandedIn(pack);
  assert.equal(pack.validation_records?.length, 2);
});

it('PATCH brands a pack that is served by renewing it, and takes that back the same way', async () => {
  const zone = await givenZone(world, 'full');
  const { id } = await packs().create(orderOf(zone));
  const plain = await reach(world, zone.id, id, { status: 'active' });
  for (const cloudflare_branding of [true, false]) {
    const patched = await packs().edit(id, { zone_id: zone.id, cloudflare_branding });
    assert.equal(patched.status, 'active');
    assert.equal(patched.cloudflare_branding, cloudflare_branding);
    const pack = await until(
      () => packs().get(id, { zone_id: zone.id }),
      ({ certificates }) =>
        certificates.length === 2 &&
        certificates.every(({ hosts }) => hosts.length === (cloudflare_branding ? 2 : 1)),
    );
    assert.equal(pack.status, 'active');
    assert.notEqual(pack.primary_certificate, plain.primary_certificate);
    if (cloudflare_branding) brandedIn(pack);
  }
});

it('PATCH of a pack whose control is not shown yet orders anew, with or without the name', async () => {
  const zone = await givenZone(world, 'partial');
  const { id, validation_records: first } = await packs().create(orderOf(zone));
  await packs().edit(id, { zone_id: zone.id, ...branded });
  const pack = await until(
    () => packs().get(id, { zone_id: zone.id }),
    ({ validation_records: records = [] }) =>
      records.length > 0 && records[0]?.txt_value !== first?.[0]?.txt_value,
  );
  const [{ txt_name: name = '', txt_value: value = '' } = {}] = pack.validation_records ?? [];
  await publish(world, name, 'TXT', [value]);
  brandedIn(await reach(world, zone.id, id, { status: 'active' }));
});

it('a backup of a branded pack has a name of its own', async () => {
  const zone = await givenZone(world, 'full');
  const body = { ...orderOf(zone, branded), backup: true };
  const { id, ...ordered } = await packs().create(body);
  const backup = Object(ordered).backup_pack;
  assert.equal(typeof backup, 'string');
  const own = brandedIn(await reach(world, zone.id, id, { status: 'active' }));
  const other = await reach(world, zone.id, backup, { status: 'backup_issued' });
  assert.equal(other.cloudflare_branding, true);
  assert.notEqual(brandedIn(other), own);
});

it('names below the branding domain are ordered by nobody else', async () => {
  const zone = await world.client.zones.create({
    account: { id: world.account_id },
    name: 'certpacks-branding.test',
    type: 'full',
  });
  const outside = { id: zone.id, name: 'sni-0123456789abcdef.brand.certpacks.test' };
  await assert.rejects(packs().create(orderOf(outside)), (error) => {
    assert(error instanceof Cloudflare.BadRequestError);
    assert.deepEqual(Object(error.errors[0]).source, { pointer: '/hosts/0' });
    return true;
  });
});
