/** Cloudflare's own client talks to our stand-in: the contract is kept when the vendor's code says so. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Cloudflare from 'cloudflare';
import { showLeaf } from '../../src/edge/handshake.ts';
import { givenZone, orderOf, publish, reach } from '../support/order.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

const packs = () => world.client.ssl.certificatePacks;

describe('an order in a full zone', () => {
  it('is active within 3 s, with its records in the order’s own answer and both leaves at the edge', async () => {
    const zone = await givenZone(world, 'full');
    const began = performance.now();
    const hosts = [zone.name, `*.${zone.name}`, `WWW.${zone.name}`];
    const ordered = await packs().create(orderOf(zone, { hosts, certificate_authority: 'google' }));

    assert.deepEqual(ordered.hosts, hosts);
    assert.equal(ordered.validation_records?.length, 3);
    for (const record of ordered.validation_records ?? []) {
      assert.match(record.txt_name ?? '', /^_acme-challenge\./);
      assert.match(record.txt_value ?? '', /^[\w-]{43}$/);
    }
    const active = await reach(world, zone.id, ordered.id, { status: 'active', seconds: 3 });
    assert.ok(performance.now() - began < 3_000);

    assert.equal(active.certificates.length, 2);
    assert.equal(active.primary_certificate, active.certificates[0]?.id);
    const ca = await world.control_<{ certificates: { hosts: string[]; not_after: string }[] }>(
      'GET',
      '/ca/google',
    );
    assert.equal(ca.certificates.length, 2);
    for (const algorithm of ['ecdsa', 'rsa'] as const) {
      const edge = { name: 'production', ...world.edges.production };
      const shown = await showLeaf(edge, { name: `a.${zone.name}`, algorithm }, AbortSignal.timeout(5_000));
      const listed = active.certificates[algorithm === 'ecdsa' ? 0 : 1];
      assert.equal(shown?.notAfter.getTime(), Date.parse(listed?.expires_on ?? ''));
      assert.deepEqual(shown?.hosts.toSorted(), hosts.map((host) => host.toLowerCase()).toSorted());
    }
  });

  it('goes to the staging edges alone when it says so, and the list tells the two apart', async () => {
    const zone = await givenZone(world, 'full');
    const { id } = await packs().create({ ...orderOf(zone), deploy: 'staging' } as ReturnType<
      typeof orderOf
    >);
    await reach(world, zone.id, id, { status: 'staging_active' });

    const show = (edge: 'production' | 'staging') => {
      const ask = { name: zone.name, algorithm: 'rsa' } as const;
      return showLeaf({ name: edge, ...world.edges[edge] }, ask, AbortSignal.timeout(5_000));
    };
    assert.ok(await show('staging'));
    assert.equal(await show('production'), undefined);
    const listed = async (deploy?: 'staging' | 'production') =>
      (await packs().list({ zone_id: zone.id, ...(deploy && { deploy }) })).result.length;
    assert.deepEqual([await listed(), await listed('staging'), await listed('production')], [1, 1, 0]);
  });
});

describe('an order in a partial zone', () => {
  it('waits for its record and says what was seen where; nothing is asked of the CA', async () => {
    const zone = await givenZone(world, 'partial');
    const requests = async () =>
      (await world.control_<{ requests: number }>('GET', '/ca/lets_encrypt/requests')).requests;
    const { id, validation_records: records } = await packs().create(orderOf(zone));
    const record = records?.[0];
    assert.ok(record?.txt_name && record.txt_value);
    const said = async () => {
      const pack = await packs().get(id, { zone_id: zone.id });
      assert.equal(pack.status, 'pending_validation');
      return pack.validation_errors?.[0]?.message ?? '';
    };
    await until(said, (message) => message.includes(record.txt_value ?? '-'));
    const before = await requests();

    await publish(world, record.txt_name, 'TXT', ['a stale value']);
    const message = await until(said, (words) => words.includes('a stale value'));
    assert.match(message, /127\.0\.0\.4|ns1\.customers\.test/);
    assert.equal(await requests(), before);

    await publish(world, record.txt_name, 'TXT', ['a stale value', record.txt_value]);
    const active = await reach(world, zone.id, id, { status: 'active' });
    assert.deepEqual(active.validation_errors, []);
    assert.equal(active.validation_records?.[0]?.status, 'valid');
  });

  it('needs no record but the delegation, once and for all orders', async () => {
    const zone = await givenZone(world, 'partial');
    const { uuid } = await world.client.dcvDelegation.get({ zone_id: zone.id });
    assert.match(uuid ?? '', /^[0-9a-f]{16}$/);
    const hosts = [zone.name, `*.${zone.name}`];
    const ordered = await packs().create(orderOf(zone, { hosts }));
    const [delegation] = ordered.dcv_delegation_records ?? [];
    assert.equal(ordered.dcv_delegation_records?.length, 1);
    assert.equal(delegation?.cname, `_acme-challenge.${zone.name}`);
    assert.ok(delegation?.cname_target?.startsWith(`${zone.name}.${uuid}.`));

    await publish(world, delegation.cname ?? '', 'CNAME', [delegation.cname_target ?? '']);
    await reach(world, zone.id, ordered.id, { status: 'active' });
    const second = await packs().create(orderOf(zone, { hosts, certificate_authority: 'google' }));
    await reach(world, zone.id, second.id, { status: 'active' });
  });

  it('at a CA that does not reuse validations gets more records for RSA, and is asked for them', async () => {
    const zone = await givenZone(world, 'partial');
    const ordered = await packs().create(orderOf(zone, { certificate_authority: 'ssl_com' }));
    const name = ordered.validation_records?.[0]?.txt_name ?? '';
    await publish(world, name, 'TXT', [ordered.validation_records?.[0]?.txt_value ?? '']);

    const again = await until(
      () => packs().get(ordered.id, { zone_id: zone.id }),
      (pack) => pack.validation_records?.length === 2 && pack.status === 'pending_validation',
    );
    assert.deepEqual(
      again.validation_records?.map(({ status }) => status),
      ['valid', 'pending'],
    );
    await publish(world, name, 'TXT', [again.validation_records?.[1]?.txt_value ?? '']);
    await reach(world, zone.id, ordered.id, { status: 'active' });
  });
});

describe('the list', () => {
  it('is walked to its end by the vendor’s client, oldest first, with true totals', async () => {
    const zone = await givenZone(world, 'partial');
    const ids: string[] = [];
    for (let i = 0; i < 7; i += 1) {
      ids.push((await packs().create(orderOf(zone, { hosts: [`h${i}.${zone.name}`] }))).id);
    }
    const seen: string[] = [];
    for await (const pack of packs().list({ zone_id: zone.id, status: 'all', per_page: 5 }))
      seen.push(pack.id);
    assert.deepEqual(seen, ids);

    const page = await packs().list({ zone_id: zone.id, status: 'all', per_page: 5, page: 2 });
    const info = { page: 2, per_page: 5, count: 2, total_count: 7, total_pages: 2 };
    assert.deepEqual({ ...page.result_info }, info);
    assert.equal((await packs().list({ zone_id: zone.id })).result.length, 0, 'none is served yet');
    const pending = await packs().list({ zone_id: zone.id, status: 'pending_validation' as 'all' });
    assert.equal(pending.result.length, 7);
  });

  const refused = [
    { query: 'page=0', pointer: '/page' },
    { query: 'page=-1', pointer: '/page' },
    { query: 'page=1e309', pointer: '/page' },
    { query: 'page=1&page=2', pointer: '/page' },
    { query: 'per_page=4', pointer: '/per_page' },
    { query: 'per_page=51', pointer: '/per_page' },
    { query: 'per_page=NaN', pointer: '/per_page' },
    { query: 'status=served', pointer: '/status' },
    { query: 'deploy=both', pointer: '/deploy' },
  ];
  for (const { query, pointer } of refused) {
    it(`refuses ${query} with a pointer`, async () => {
      const zone = await givenZone(world, 'partial');
      const response = await fetch(`${world.api}/zones/${zone.id}/ssl/certificate_packs?${query}`, {
        headers: { authorization: `Bearer ${world.token}` },
      });
      const { errors, success, result } = JSON.parse(await response.text()) as Refusal;
      assert.equal(response.status, 400);
      assert.deepEqual(
        { success, result, pointer: errors[0]?.source?.pointer },
        { success: false, result: null, pointer },
      );
    });
  }

  it('answers a page past the end with an empty one and true totals', async () => {
    const zone = await givenZone(world, 'partial');
    await packs().create(orderOf(zone));
    const page = await packs().list({ zone_id: zone.id, status: 'all', page: 1_000_000 });
    assert.deepEqual(page.result, []);
    assert.equal(new Map(Object.entries(page.result_info)).get('total_count'), 1);
  });
});

interface Refusal {
  readonly success: boolean;
  readonly result: null;
  readonly errors: readonly {
    readonly code: number;
    readonly message: string;
    readonly source?: { pointer: string };
  }[];
}

describe('DELETE', () => {
  it('takes a pack off the edges, twice without an error, and leaves a tombstone for two minutes', async () => {
    const zone = await givenZone(world, 'full');
    const { id } = await packs().create(orderOf(zone));
    await reach(world, zone.id, id, { status: 'active' });

    assert.deepEqual({ ...(await packs().delete(id, { zone_id: zone.id })) }, { id });
    assert.deepEqual({ ...(await packs().delete(id, { zone_id: zone.id })) }, { id });
    await reach(world, zone.id, id, { status: 'deleted' });
    const edge = { name: 'production', ...world.edges.production };
    const ask = { name: zone.name, algorithm: 'ecdsa' } as const;
    assert.equal(await showLeaf(edge, ask, AbortSignal.timeout(5_000)), undefined);
    assert.deepEqual({ ...(await packs().delete(id, { zone_id: zone.id })) }, { id });

    await world.control_('POST', '/clock', { advance_s: 130 });
    const gone = async () =>
      packs()
        .get(id, { zone_id: zone.id })
        .then(() => undefined)
        .catch((error: unknown) => error);
    const error = await until(gone, (seen) => seen !== undefined);
    assert.ok(error instanceof Cloudflare.NotFoundError);
    assert.equal(error.errors[0]?.code, 1408);
  });

  it('of a zone hides it at once and takes its packs off the edges', async () => {
    const zone = await givenZone(world, 'full');
    const { id } = await packs().create(orderOf(zone));
    await reach(world, zone.id, id, { status: 'active' });
    await world.client.zones.delete({ zone_id: zone.id });
    await assert.rejects(world.client.zones.get({ zone_id: zone.id }), Cloudflare.NotFoundError);
    const edge = { name: 'production', ...world.edges.production };
    const ask = { name: zone.name, algorithm: 'ecdsa' } as const;
    await until(
      async () => (await showLeaf(edge, ask, AbortSignal.timeout(5_000))) === undefined,
      (isGone) => isGone,
    );
  });
});

describe('PATCH', () => {
  it('restarts a validation that timed out with a new order, and is no error where nothing is to restart', async () => {
    const zone = await givenZone(world, 'partial');
    const { id, validation_records: first } = await packs().create(orderOf(zone));
    const unchanged = await packs().edit(id, { zone_id: zone.id });
    assert.equal(unchanged.status, 'pending_validation');

    await world.control_('POST', '/clock', { advance_s: 7 * 86_400 + 60 });
    await reach(world, zone.id, id, { status: 'validation_timed_out' });
    const restarted = await packs().edit(id, { zone_id: zone.id });
    assert.equal(restarted.status, 'pending_validation');
    const renewed = await until(
      () => packs().get(id, { zone_id: zone.id }),
      (pack) => pack.validation_records?.[0]?.txt_value !== first?.[0]?.txt_value,
    );
    await publish(world, renewed.validation_records?.[0]?.txt_name ?? '', 'TXT', [
      renewed.validation_records?.[0]?.txt_value ?? '',
    ]);
    await reach(world, zone.id, id, { status: 'active' });
  });

  it('sets branding, which no read forgets', async () => {
    const zone = await givenZone(world, 'partial');
    const { id } = await packs().create(orderOf(zone));
    const patched = await packs().edit(id, { zone_id: zone.id, cloudflare_branding: true });
    assert.equal(patched.cloudflare_branding, true);
    assert.equal((await packs().get(id, { zone_id: zone.id })).cloudflare_branding, true);
  });
});
