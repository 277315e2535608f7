/** Keyless certificates by Cloudflare's client: read, changed in place, refused in words, deleted. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { keylessNeeds } from '../support/keyless.ts';
import { givenKeyless, type KeylessScene, printOf } from '../support/keyless-scene.ts';
import { refusal } from '../support/uploads.ts';

const NEEDED = keylessNeeds();
const ends = new AsyncDisposableStack();
let scene: KeylessScene;
let id: string;
before(async () => {
  if (NEEDED.skip !== false) return;
  scene = await givenKeyless(ends);
  ({ id } = await scene.bring(scene.made.ec, scene.atServer));
  await scene.reach(id, 'active');
});
after(() => ends.disposeAsync());

const edit = (body: object) => scene.client.keylessCertificates.edit(id, { ...scene.of, ...body });

it('one is read as it was brought, and named anew', NEEDED, async () => {
  const { client, of, server } = scene;
  const { host, port, status, enabled, permissions } = await client.keylessCertificates.get(id, of);
  assert.deepEqual(
    { host, port, status, enabled, permissions },
    {
      host: '127.0.0.1',
      port: server.port,
      status: 'active',
      enabled: true,
      permissions: ['#ssl:read', '#ssl:edit'],
    },
  );
  assert.equal((await edit({ name: 'shop' })).name, 'shop');
  const listed = (await client.keylessCertificates.list(of)).result;
  assert.deepEqual(
    listed.map((one) => [one.id, one.name]),
    [[id, 'shop']],
  );
});

it('what is not offered is refused in words, with a pointer', NEEDED, async () => {
  for (const [body, status, code, pointer] of [
    [{ host: 'elsewhere.test' }, 400, 1067, '/host'],
    [{ host: 'pkcs11:object=k1?pin-value=1234' }, 400, 1400, '/host'],
    [{ host: 'pkcs11:token=edge' }, 400, 1400, '/host'],
    [{ host: 'a b' }, 400, 1400, '/host'],
    [{ tunnel: { private_ip: '10.0.0.1', vnet_id: 'x' } }, 400, 1011, '/tunnel'],
    [{ enabled: false }, 400, 1011, '/enabled'],
  ] as const)
    assert.deepEqual(await refusal(edit(body)), [status, code, pointer], JSON.stringify(body));
  const { bring, made, atServer, client, of } = scene;
  assert.deepEqual(await refusal(bring(made.ec, atServer)), [400, 1220, '/certificate']);
  const two = { ...made.rsa, pem: made.rsa.pem + made.p384.pem };
  assert.deepEqual(await refusal(bring(two, atServer)), [400, 1002, '/certificate']);
  const get = (one: string) => refusal(client.keylessCertificates.get(one, of));
  assert.deepEqual(await get('0'.repeat(31)), [400, 1005, '/keyless_certificate_id']);
  assert.deepEqual(await get('00000000-0000-4000-8000-000000000000'), [404, 1005, undefined]);
});

it('where the key is can be said anew, and another key is found out', NEEDED, async () => {
  const { away, back, shows, made, atServer } = scene;
  await edit({ host: 'pkcs11:token=edge;object=k2', port: 1 });
  await away(id, /the private key does not sign: (?:token edge|another key)/);
  await edit({ host: 'pkcs11:token=edge;object=none', port: 1 });
  await away(id, /no such private key in the token/);
  await edit(atServer);
  await back(id);
  assert.equal(await shows(made.ec), printOf(made.ec));
});

it('one that is deleted is off every edge, and can be read until its tombstone ends', NEEDED, async () => {
  const { client, of, reach, shows, made, service } = scene;
  assert.deepEqual(await client.keylessCertificates.delete(id, of), { id });
  await reach(id, 'deleted');
  assert.equal(await shows(made.ec), undefined);
  assert.equal((await client.keylessCertificates.get(id, of)).status, 'deleted');
  assert.deepEqual((await client.keylessCertificates.list(of)).result, []);
  const { rows } = await service.pool.query('select pack_id from keyless_certificates');
  assert.equal(rows.length, 1);
});
