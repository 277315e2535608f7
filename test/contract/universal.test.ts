/** The Universal pack of a zone, by Cloudflare's own client: it orders itself, goes off the edges and comes back. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Cloudflare from 'cloudflare';
import { showLeaf } from '../../src/edge/handshake.ts';
import { ALGORITHMS } from '../../src/pack/pack.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { until } from '../support/world.ts';

const LIMIT = { timeout: 90_000 };

const ends = new AsyncDisposableStack();
let service: TestService;
let named = 0;
before(async () => {
  service = await startTestService(ends, { options: { universal: true, universal_backups: false } });
});
after(() => ends.disposeAsync());

const packs = () => service.client.ssl.certificatePacks;
const settings = () => service.client.ssl.universal.settings;

interface ZoneReply {
  readonly id: string;
  readonly name: string;
}

interface PackReply {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly hosts: readonly string[];
  readonly certificate_authority?: string;
  readonly certificates: readonly { readonly id: string }[];
}

const newZone = (type: 'full' | 'partial' = 'full', name = `u${++named}.test`): Promise<ZoneReply> =>
  service.client.zones.create({ account: { id: service.accountId }, name, type });

/** Every pack of a zone that is not about to go. */
async function listed({ id: zone_id }: ZoneReply, of: 'all' | 'served' = 'all'): Promise<PackReply[]> {
  const found: PackReply[] = [];
  const query = { zone_id, ...(of === 'all' && { status: of }) };
  for await (const one of packs().list(query)) found.push(one);
  return found.filter((one) => !/delet/.test(one.status));
}

/** The zone's only pack, once it is in a status. */
async function reached(zone: ZoneReply, status: string): Promise<PackReply> {
  const [pack, ...more] = await until(
    () => listed(zone),
    (all) => all.length === 1 && all[0]?.status === status,
  );
  assert.deepEqual(more, []);
  return pack ?? assert.fail();
}

/** SHA-256 of the leaf that each edge shows for a name, both algorithms apart; undefined: none. */
async function shownFor(name: string): Promise<(string | undefined)[]> {
  const asks = service.edges.flatMap((edge) => ALGORITHMS.map((algorithm) => ({ edge, algorithm })));
  return Promise.all(
    asks.map(async ({ edge, algorithm }) => {
      const leaf = await showLeaf(edge, { name, algorithm }, AbortSignal.timeout(10_000));
      return leaf?.fingerprint;
    }),
  );
}

const orderAdvanced = ({ id, name }: ZoneReply) =>
  packs().create({
    zone_id: id,
    type: 'advanced',
    hosts: [name, `*.${name}`],
    certificate_authority: 'lets_encrypt',
    validation_method: 'txt',
    validity_days: 90,
  });

/** Certificates that the CAs issued for a zone so far. */
async function issuedFor({ name }: ZoneReply): Promise<number> {
  const answers = await Promise.all(
    ['google', 'lets_encrypt', 'ssl_com'].map(async (ca) => {
      const answer = await fetch(`${service.simulator.control}/ca/${ca}`);
      const { certificates }: { certificates: { hosts: string[] }[] } = JSON.parse(await answer.text());
      return certificates.filter(({ hosts }) => hosts.includes(name)).length;
    }),
  );
  return answers.reduce((sum, n) => sum + n, 0);
}

const isActiveUniversal = ({ type, status }: PackReply) => type === 'universal' && status === 'active';

const code = (error: unknown): unknown[] => {
  assert.ok(error instanceof Cloudflare.APIError);
  return [error.status, error.errors[0]?.code];
};

describe('a new zone', () => {
  it(
    'has a Universal pack for its apex and the names below, which becomes active by itself',
    LIMIT,
    async () => {
      const zone = await newZone();
      assert.deepEqual(await settings().get({ zone_id: zone.id }), { enabled: true });
      const pack = await reached(zone, 'active');
      assert.deepEqual(
        [pack.type, pack.hosts, pack.certificate_authority, pack.certificates.length],
        ['universal', [zone.name, `*.${zone.name}`], 'google', 2],
      );
      for (const name of [zone.name, `www.${zone.name}`])
        assert.ok((await shownFor(name)).every((leaf) => leaf !== undefined));
      assert.equal((await listed(zone, 'served')).length, 1);
    },
  );

  it('of type partial waits for the records of its owner', LIMIT, async () => {
    const zone = await newZone('partial');
    const pack = await reached(zone, 'pending_validation');
    assert.equal(pack.type, 'universal');
  });
});

describe('Universal, switched off and on', () => {
  it('leaves the edges, is kept, and comes back with the certificates it had', LIMIT, async () => {
    const zone = await newZone();
    const first = await reached(zone, 'active');
    const shown = await shownFor(zone.name);
    const issued = await issuedFor(zone);

    for (let i = 0; i < 2; i++)
      assert.deepEqual(await settings().edit({ zone_id: zone.id, enabled: false }), { enabled: false });
    assert.match((await listed(zone))[0]?.status ?? '', /^(deactivating|inactive)$/);
    const off = await reached(zone, 'inactive');
    assert.deepEqual(
      off.certificates.map(({ id }) => id),
      first.certificates.map(({ id }) => id),
    );
    assert.deepEqual(await listed(zone, 'served'), []);
    for (const name of [zone.name, `www.${zone.name}`])
      assert.ok((await shownFor(name)).every((leaf) => leaf === undefined));

    for (let i = 0; i < 2; i++)
      assert.deepEqual(await settings().edit({ zone_id: zone.id, enabled: true }), { enabled: true });
    const back = await reached(zone, 'active');
    assert.equal(back.id, first.id);
    assert.deepEqual(await shownFor(zone.name), shown);
    assert.equal(await issuedFor(zone), issued);
  });
});

describe('Universal, switched on again', () => {
  it('is ordered anew where it had no certificates yet', LIMIT, async () => {
    const zone = await newZone('partial');
    const first = await reached(zone, 'pending_validation');
    await settings().edit({ zone_id: zone.id, enabled: false });
    assert.deepEqual(await listed(zone), []);
    await settings().edit({ zone_id: zone.id, enabled: true });
    const second = await reached(zone, 'pending_validation');
    assert.notEqual(second.id, first.id);
  });

  it('is ordered anew where its certificates ended meanwhile', LIMIT, async () => {
    const zone = await newZone();
    const first = await reached(zone, 'active');
    await settings().edit({ zone_id: zone.id, enabled: false });
    await reached(zone, 'inactive');
    await service.advance(91 * 86_400);
    assert.equal((await reached(zone, 'expired')).id, first.id);
    await settings().edit({ zone_id: zone.id, enabled: true });
    const second = await reached(zone, 'active');
    assert.notEqual(second.id, first.id);
  });
});

describe('a Universal pack', () => {
  it('cannot be deleted while Universal is on; an inactive one can', LIMIT, async () => {
    const zone = await newZone();
    const { id } = await reached(zone, 'active');
    assert.deepEqual(await packs().delete(id, { zone_id: zone.id }).catch(code), [400, 1406]);
    await settings().edit({ zone_id: zone.id, enabled: false });
    await reached(zone, 'inactive');
    assert.equal((await packs().delete(id, { zone_id: zone.id }))?.id, id);
    await until(
      () => listed(zone),
      (all) => all.length === 0,
    );
  });
});

describe('a Universal pack beside an advanced one', () => {
  it('stands behind an advanced one for the same names, and serves again when that goes', LIMIT, async () => {
    const zone = await newZone();
    await reached(zone, 'active');
    const universal = await shownFor(`www.${zone.name}`);
    const { id } = await orderAdvanced(zone);
    await until(
      () => packs().get(id, { zone_id: zone.id }),
      ({ status }) => status === 'active',
    );
    const advanced = await shownFor(`www.${zone.name}`);
    assert.ok(advanced.every((leaf) => leaf !== undefined && !universal.includes(leaf)));
    assert.equal((await listed(zone, 'served')).length, 2);

    await packs().delete(id, { zone_id: zone.id });
    await until(
      () => shownFor(`www.${zone.name}`),
      (leaves) => leaves.join() === universal.join(),
    );
    await reached(zone, 'active');
  });

  it('that is switched on behind an advanced one is active, for the day when that goes', LIMIT, async () => {
    const zone = await newZone();
    await settings().edit({ zone_id: zone.id, enabled: false });
    const { id } = await orderAdvanced(zone);
    await until(
      () => packs().get(id, { zone_id: zone.id }),
      ({ status }) => status === 'active',
    );
    const advanced = await shownFor(zone.name);
    await settings().edit({ zone_id: zone.id, enabled: true });
    await until(
      () => listed(zone),
      (all) => all.some(isActiveUniversal),
    );
    assert.deepEqual(await shownFor(zone.name), advanced);
    await packs().delete(id, { zone_id: zone.id });
    await until(
      () => shownFor(zone.name),
      (leaves) => leaves.every((leaf) => leaf !== undefined && !advanced.includes(leaf)),
    );
  });
});

describe('a Universal pack of its zone', () => {
  it('that is revoked is ordered anew by itself', LIMIT, async () => {
    const zone = await newZone();
    const { id } = await reached(zone, 'active');
    await service.client.post(`/zones/${zone.id}/ssl/certificate_packs/${id}/revoke`, { body: {} });
    const next = await reached(zone, 'active');
    assert.notEqual(next.id, id);
  });

  it('counts in no quota', LIMIT, async () => {
    const zone = await newZone();
    await reached(zone, 'active');
    const { advanced } = await packs().quota.get({ zone_id: zone.id });
    assert.equal(advanced?.used, 0);
  });
});

it('its settings take no other value, and change nothing where nothing is said', LIMIT, async () => {
  const zone = await newZone('partial');
  assert.deepEqual(await settings().edit({ zone_id: zone.id }), { enabled: true });
  const wrong = service.client.patch(`/zones/${zone.id}/ssl/universal/settings`, { body: { enabled: 'no' } });
  assert.deepEqual(await wrong.catch(code), [400, 1400]);
});
