/** What an order may ask, how its repetition is recognised, and who may make it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Cloudflare from 'cloudflare';
import { givenZone, orderOf } from '../support/order.ts';
import { type DevWorld, startDev } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

interface Envelope {
  readonly success: boolean;
  readonly result: { readonly id: string } | null;
  readonly errors: readonly {
    readonly code: number;
    readonly message: string;
    readonly documentation_url: string;
    readonly source?: { readonly pointer: string };
  }[];
}

/** A request without the vendor's client, which would not send what is wrong. */
async function send(
  path: string,
  {
    method = 'POST',
    body,
    headers = {},
  }: { method?: string; body?: unknown; headers?: Record<string, string> },
): Promise<{ status: number; envelope: Envelope }> {
  const response = await fetch(world.api + path, {
    method,
    headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  const envelope: Envelope = JSON.parse(await response.text());
  return { status: response.status, envelope };
}

const REFUSED = [
  { change: { hosts: [] }, pointer: '/hosts', says: /empty/ },
  { change: { hosts: undefined }, pointer: '/hosts', says: /required/ },
  { change: { hosts: 'x.test' }, pointer: '/hosts', says: /array/ },
  { change: { hosts: ['example.com'] }, pointer: '/hosts/0', says: /not in the zone/ },
  { change: { hosts: ['10.0.0.1'] }, pointer: '/hosts/0', says: /IP address/ },
  { change: { type: 'universal' }, pointer: '/type', says: /advanced/ },
  {
    change: { certificate_authority: 'digicert' },
    pointer: '/certificate_authority',
    says: /lets_encrypt/,
  },
  { change: { validity_days: 60 }, pointer: '/validity_days', says: /14, 30, 90, 365/ },
  { change: { validity_days: '90' }, pointer: '/validity_days', says: /14, 30, 90, 365/ },
  { change: { cloudflare_branding: 'yes' }, pointer: '/cloudflare_branding', says: /boolean/ },
];

describe('an order', () => {
  for (const { change, pointer, says } of REFUSED) {
    it(`with ${JSON.stringify(change)} is refused with a pointer to ${pointer}`, async () => {
      const zone = await givenZone(world, 'partial');
      const { zone_id: _, ...order } = orderOf(zone);
      const { status, envelope } = await send(`/zones/${zone.id}/ssl/certificate_packs/order`, {
        body: { ...order, ...change },
      });
      assert.equal(status, 400);
      assert.equal(envelope.errors[0]?.source?.pointer, pointer);
      assert.match(envelope.errors[0]?.message ?? '', says);
    });
  }

  it('for the same hosts again makes a new pack', async () => {
    const zone = await givenZone(world, 'partial');
    const first = await world.client.ssl.certificatePacks.create(orderOf(zone));
    const second = await world.client.ssl.certificatePacks.create(orderOf(zone));
    assert.notEqual(first.id, second.id);
  });

  it('repeated with its Idempotency-Key is the same pack; with another body it is refused', async () => {
    const zone = await givenZone(world, 'partial');
    const { zone_id: _, ...order } = orderOf(zone);
    const path = `/zones/${zone.id}/ssl/certificate_packs/order`;
    const headers = { 'idempotency-key': 'deploy-2026-11' };
    const answers = await Promise.all([1, 2, 3].map(() => send(path, { body: order, headers })));
    assert.equal(new Set(answers.map(({ envelope }) => envelope.result?.id)).size, 1);
    const other = await send(path, { body: { ...order, validity_days: 30 }, headers });
    assert.equal(other.status, 422);
  });

  it('repeated by the vendor’s own retry is the same pack', async () => {
    const zone = await givenZone(world, 'partial');
    const { zone_id: _, ...order } = orderOf(zone);
    const path = `/zones/${zone.id}/ssl/certificate_packs/order`;
    const first = await send(path, { body: order, headers: { 'x-stainless-retry-count': '0' } });
    const retried = await send(path, { body: order, headers: { 'x-stainless-retry-count': '1' } });
    const anew = await send(path, { body: order, headers: { 'x-stainless-retry-count': '0' } });
    assert.equal(retried.envelope.result?.id, first.envelope.result?.id);
    assert.notEqual(anew.envelope.result?.id, first.envelope.result?.id);
  });
});

describe('a token', () => {
  it('is told whether it is valid', async () => {
    assert.equal((await world.client.user.tokens.verify()).status, 'active');
    const wrong = world.clientOf('cp_unknown').user.tokens.verify();
    await assert.rejects(wrong, Cloudflare.AuthenticationError);
  });

  it('that may only read is told the permission that it lacks', async () => {
    const zone = await givenZone(world, 'partial');
    const { token } = await world.tell<{ token: string }>('POST', '/tokens', {
      zones: '*',
      access: 'read',
    });
    const client = world.clientOf(token);
    await client.ssl.certificatePacks.list({ zone_id: zone.id });
    const write = client.ssl.certificatePacks.create(orderOf(zone));
    await assert.rejects(write, (error: unknown) => {
      assert.ok(error instanceof Cloudflare.PermissionDeniedError);
      assert.match(error.errors[0]?.message ?? '', /SSL and Certificates Write/);
      return true;
    });
  });

  it('that is limited to zones reaches these alone', async () => {
    const [mine, other] = [await givenZone(world, 'partial'), await givenZone(world, 'partial')];
    const body = { zones: [mine.id], access: 'write' };
    const { token } = await world.tell<{ token: string }>('POST', '/tokens', body);
    const client = world.clientOf(token);
    await client.ssl.certificatePacks.create(orderOf(mine));
    assert.deepEqual(
      (await client.zones.list()).result.map(({ id }) => id),
      [mine.id],
    );
    const denied = Cloudflare.PermissionDeniedError;
    await assert.rejects(client.ssl.certificatePacks.list({ zone_id: other.id }), denied);
    await assert.rejects(
      client.zones.create({ account: { id: world.account_id }, name: 'new.test' }),
      denied,
    );
  });
});

describe('every failure', () => {
  const failures = [
    { path: '/nowhere', method: 'GET', status: 404, code: 7000 },
    { path: '/zones/not-an-id', method: 'GET', status: 400, code: 7003 },
    { path: `/zones/${'0'.repeat(32)}`, method: 'GET', status: 404, code: 9109 },
    { path: `/zones/${'0'.repeat(32)}/ssl/certificate_packs`, method: 'GET', status: 404, code: 9109 },
    { path: '/zones', method: 'POST', body: '{"name":', status: 400, code: 1400 },
    { path: '/zones', method: 'POST', body: '[]', status: 400, code: 1400 },
    { path: '/zones', method: 'POST', body: { name: 'co.uk' }, status: 400, code: 1099 },
    { path: '/zones', method: 'GET', headers: { authorization: 'Basic x' }, status: 400, code: 6003 },
    { path: '/zones', method: 'GET', headers: { authorization: 'Bearer cp_x' }, status: 401, code: 1000 },
    {
      path: '/zones',
      method: 'POST',
      body: 'x',
      headers: { 'content-type': 'text/plain' },
      status: 415,
      code: 1400,
    },
    { path: '/zones/%ff', method: 'GET', status: 400, code: 1400 },
  ];
  for (const { path, status, code, ...request } of failures) {
    it(`is a JSON envelope with a status of its own: ${request.method} ${path} gives ${status}/${code}`, async () => {
      const answer = await send(path, request);
      const { success, result, errors } = answer.envelope;
      assert.deepEqual({ success, result }, { success: false, result: null });
      assert.deepEqual({ status: answer.status, code: errors[0]?.code }, { status, code });
      const page = await fetch(errors[0]?.documentation_url ?? '');
      assert.equal(page.status, 200);
    });
  }
});

describe('zones', () => {
  it('are made, found by name, and refused a second time', async () => {
    const zone = await givenZone(world, 'full');
    const found = await world.client.zones.list({ name: zone.name });
    assert.deepEqual(
      found.result.map(({ id, status, type }) => ({ id, status, type })),
      [{ id: zone.id, status: 'active', type: 'full' }],
    );
    assert.ok((found.result[0]?.name_servers.length ?? 0) > 0);
    const again = world.client.zones.create({
      account: { id: world.account_id },
      name: zone.name.toUpperCase(),
    });
    await assert.rejects(again, (error: unknown) => {
      assert.ok(error instanceof Cloudflare.BadRequestError);
      assert.equal(error.errors[0]?.code, 1061);
      return true;
    });
  });
});
