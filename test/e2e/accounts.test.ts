/** What one account, or one token, may not reach of another's. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Cloudflare from 'cloudflare';
import type { Access } from '../../src/pack/permission.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { createToken } from '../../src/store/tokens.ts';
import { newClient } from '../support/client.ts';
import { orderOf } from '../support/order.ts';
import { startTestService, type TestService } from '../support/service.ts';

let service: TestService;
const ends = new AsyncDisposableStack();
before(async () => {
  service = await startTestService(ends);
});
after(() => ends.disposeAsync());

/** A client of an account of its own. */
async function stranger(): Promise<{ client: Cloudflare; accountId: string }> {
  const { id } = await createAccount(service.pool, 'stranger', new Date());
  return { client: await clientOf(id, 'write'), accountId: id };
}

async function clientOf(accountId: string, access: Access): Promise<Cloudflare> {
  const apiToken = await createToken(service.pool, { accountId, name: 'test', access }, new Date());
  return newClient({ apiToken, baseURL: service.client.baseURL });
}

const givenZone = (name: string) =>
  service.client.zones.create({ account: { id: service.accountId }, name, type: 'full' });

test('a zone and its packs are not there for another account', async () => {
  const zone = await givenZone('mine.test');
  const { id } = await service.client.ssl.certificatePacks.create(orderOf(zone));
  const { client } = await stranger();
  const { certificatePacks } = client.ssl;
  const missing = Cloudflare.NotFoundError;
  await assert.rejects(client.zones.get({ zone_id: zone.id }), missing);
  await assert.rejects(certificatePacks.get(id, { zone_id: zone.id }), missing);
  await assert.rejects(certificatePacks.delete(id, { zone_id: zone.id }), missing);
  await assert.rejects(certificatePacks.create(orderOf(zone)), missing);
  await assert.rejects(client.zones.delete({ zone_id: zone.id }), missing);
  assert.deepEqual((await client.zones.list()).result, []);
});

test('no account gets a zone above or below another’s: our DNS would prove control of its names', async () => {
  await givenZone('deep.taken.test');
  const { client, accountId } = await stranger();
  for (const name of ['taken.test', 'deep.taken.test', 'www.deep.taken.test', 'a.b.deep.taken.test']) {
    const zone = client.zones.create({ account: { id: accountId }, name, type: 'full' });
    await assert.rejects(zone, (error: unknown) => {
      assert.ok(error instanceof Cloudflare.BadRequestError);
      assert.equal(error.errors[0]?.code, 1061, name);
      return true;
    });
  }
  await client.zones.create({ account: { id: accountId }, name: 'beside.taken.test', type: 'full' });
});

test('a host is ordered in the deepest zone that holds it', async () => {
  const parent = await givenZone('parent.test');
  await givenZone('child.parent.test');
  const hosts = ['parent.test', '*.child.parent.test'];
  const order = service.client.ssl.certificatePacks.create(orderOf(parent, { hosts }));
  await assert.rejects(order, /belongs to the zone child\.parent\.test/);
});

test('a token that may only read deletes neither a pack nor a zone', async () => {
  const zone = await givenZone('kept.test');
  const { id } = await service.client.ssl.certificatePacks.create(orderOf(zone));
  const reader = await clientOf(service.accountId, 'read');
  const denied = Cloudflare.PermissionDeniedError;
  await assert.rejects(reader.ssl.certificatePacks.delete(id, { zone_id: zone.id }), denied);
  await assert.rejects(reader.ssl.certificatePacks.edit(id, { zone_id: zone.id }), denied);
  await assert.rejects(reader.zones.delete({ zone_id: zone.id }), denied);
  await reader.ssl.certificatePacks.get(id, { zone_id: zone.id });
});
