/** Custom CSRs by Cloudflare's own client: the key is made and stays here, and the certificate that comes back finds it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { after, before, it } from 'node:test';
import type Cloudflare from 'cloudflare';
import { buildApi } from '../../src/api/api.ts';
import { pullSource } from '../../src/serve/sources.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import { carryAll, type TestJobDeps } from '../support/job-deps.ts';
import { regions } from '../support/regions.ts';
import { givenOwner, send } from '../support/tokens.ts';
import { fingerprintOf, givenCa, leafFor, pulling, refusal } from '../support/uploads.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let jobs: TestJobDeps;
let url: string;
let account: TestAccount;
let client: Cloudflare;
let ca: Awaited<ReturnType<typeof givenCa>>;
before(async () => {
  api = await startApi(ends);
  jobs = pulling(api.jobs);
  ca = await givenCa(api.jobs);
  const app = await buildApi({ ...api.deps, trust: ca.trust, regions });
  ends.defer(() => app.close());
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  account = await givenOwner(api, ['shop.test', 'second.test', 'third.test', 'fourth.test', 'going.test']);
  client = newClient({ baseURL: url, apiToken: account.token });
});
after(() => ends.disposeAsync());

const zoneAt = (i: number) => ({ zone_id: account.zones[i]?.id ?? assert.fail() });
const SUBJECT = {
  common_name: 'shop.test',
  country: 'US',
  state: 'California',
  locality: 'Zürich',
  organization: 'Shop, Inc. & Söhne',
  organizational_unit: 'Web',
};
const terms = (...sans: string[]) => ({ ...SUBJECT, sans, key_type: 'p256v1' as const });
const made = async (owner: object, ...sans: string[]) => {
  const one = await client.customCsrs.create({ ...terms(...sans), ...owner });
  return { ...one, csr: one.csr ?? assert.fail() };
};
const openssl = (csr: string, ...args: string[]) =>
  execFileSync('openssl', ['req', '-noout', '-verify', ...args], { input: csr, stdio: 'pipe' }).toString();

it('a request is made as it is asked for, signed by its key, and answered, listed and deleted without that', async () => {
  for (const owner of [zoneAt(0), { account_id: account.id }]) {
    for (const key_type of ['rsa2048', 'p256v1'] as const) {
      const asked = {
        ...terms('shop.test', '*.Shop.test', 'shop.test'),
        key_type,
        name: 'One',
        description: 'Of a test',
      };
      const one = await client.customCsrs.create({ ...asked, ...owner });
      const { id, csr = '', created_at, account_tag, ...rest } = one;
      assert.deepEqual(rest, { ...asked, sans: ['shop.test', '*.shop.test'] });
      assert.equal(account_tag, account.id);
      assert.match(created_at, /^20\d\d-/);
      const told = openssl(csr, '-subject', '-nameopt', 'utf8', '-text');
      assert.match(
        told,
        /C ?= ?US, ST ?= ?California, L ?= ?Zürich, O ?= ?"?Shop, Inc. & Söhne"?, OU ?= ?Web, CN ?= ?shop.test/,
      );
      assert.match(told, /DNS:shop.test, DNS:\*.shop.test/);
      assert.match(told, key_type === 'rsa2048' ? /2048 bit/ : /prime256v1/);
      assert.deepEqual(await client.customCsrs.get(id, owner), one);
      assert.equal(JSON.stringify(one).includes('PRIVATE'), false);
    }
    const { result, result_info } = await client.customCsrs.list({
      ...owner,
      order: 'created_at',
      direction: 'desc',
    });
    assert.deepEqual(
      result.map(({ key_type }) => key_type),
      ['p256v1', 'rsa2048'],
    );
    assert.equal(result_info?.per_page, 50);
    const second = await client.customCsrs.list({ ...owner, per_page: 1, page: 2 });
    assert.deepEqual(
      second.result.map(({ id }) => id),
      [result[0]?.id],
    );
    for (const { id } of result) assert.deepEqual(await client.customCsrs.delete(id, owner), { id });
    assert.deepEqual((await client.customCsrs.list(owner)).result, []);
  }
});

it('is answered with 201, and recorded with who did it, in its zone or its account', async () => {
  for (const path of [`/zones/${zoneAt(0).zone_id}/custom_csrs`, `/accounts/${account.id}/custom_csrs`]) {
    const { status, result } = await send(url, ['POST', path], account.token, {
      body: { ...terms('shop.test'), name: 'Told' },
    });
    assert.equal(status, 201);
    assert.equal((await send(url, ['DELETE', `${path}/${result.id}`], account.token)).status, 200);
    const { rows } = await jobs.pool.query<{ event: string; name: string; zone_id: string }>(
      "select event, name, zone_id from audit where resource = 'custom_csr' and resource_id = $1 order by seq",
      [result.id],
    );
    const zone_id = path.startsWith('/zones') ? zoneAt(0).zone_id : account.id;
    assert.deepEqual(
      rows,
      ['create', 'delete'].map((event) => ({ event, name: 'Told', zone_id })),
    );
  }
});

it('a request that is repeated is made once: by its Idempotency-Key, also at once, and by its body where the client tries again', async () => {
  const paths = [`/zones/${zoneAt(0).zone_id}/custom_csrs`, `/accounts/${account.id}/custom_csrs`];
  for (const [i, path] of paths.entries()) {
    const post = (body: object, headers: Record<string, string> = {}) =>
      send(url, ['POST', path], account.token, { body, headers });
    const body = { ...terms('shop.test'), name: 'Once' };
    const { organizational_unit: _, ...plain } = body;
    const keyed = { 'idempotency-key': `csr ${i}` };
    const both = await Promise.all([post(body, keyed), post(body, keyed)]);
    const first = both[0].result;
    for (const one of [...both, await post(body, keyed)]) {
      assert.equal(one.status, 201);
      assert.deepEqual(one.result, first);
    }
    assert.equal(JSON.stringify(both).includes('PRIVATE'), false);
    const other = await post(plain, keyed);
    assert.deepEqual([other.status, other.code], [422, 1409]);
    const retried = { 'x-stainless-retry-count': '1' };
    assert.equal((await post(body, retried)).result.id, first.id);
    assert.notEqual((await post(plain, retried)).result.id, first.id);
    const again = (await post(body)).result.id;
    assert.notEqual(again, first.id, 'nobody said that it is a repetition');
    api.jobs.clock.advance(121);
    const late = (await post(body, retried)).result.id;
    assert.equal([first.id, again].includes(late), false, 'too long ago');
    if (i === 1) continue;
    await send(url, ['DELETE', `${path}/${first.id}`], account.token);
    const anew = await post(body, keyed);
    assert.deepEqual([anew.status, anew.result.id === first.id], [201, false], 'what it made is gone');
  }
  const ofOther = await send(url, ['POST', paths[0] ?? ''], account.token, {
    body: { ...terms('shop.test'), name: 'Once' },
    headers: { 'idempotency-key': 'csr 1' },
  });
  assert.equal(ofOther.status, 422, 'of the account, and now of a zone');
});

it('the certificate that comes back finds its key: by the request’s id, or by none; that of another key does not', async () => {
  for (const [i, owner] of [zoneAt(1), { account_id: account.id }].entries()) {
    const csr = await made(owner, 'second.test');
    const { certificate, leaf } = await ca.issue(['second.test'], { csr: csr.csr });
    const named = i === 0 ? { custom_csr_id: csr.id } : {};
    const upload = await client.customCertificates.create({
      ...zoneAt(1),
      certificate,
      type: 'sni_custom',
      ...named,
    });
    assert.equal(upload.custom_csr_id, csr.id);
    await carryAll(jobs);
    assert.equal((await client.customCertificates.get(upload.id, zoneAt(1))).status, 'active');
    assert.equal(await leafFor(jobs, 'second.test'), fingerprintOf({ leaf }));
    const pack = await pullSource(jobs).packFor('second.test', 'production');
    const pair = pack?.certificates.ecdsa ?? assert.fail();
    assert(new X509Certificate(pair.chain).checkPrivateKey(createPrivateKey(pair.key)));
    const stranger = await ca.issue(['second.test']);
    const wrong = { ...zoneAt(1), certificate: stranger.certificate };
    const create = client.customCertificates;
    assert.deepEqual(await refusal(create.create({ ...wrong, custom_csr_id: csr.id })), [
      400,
      2106,
      '/private_key',
    ]);
    assert.deepEqual(await refusal(create.create(wrong)), [400, 2106, '/private_key']);
    const twice = { ...wrong, private_key: stranger.private_key, custom_csr_id: csr.id };
    assert.deepEqual(await refusal(create.create(twice)), [400, 1400, '/custom_csr_id']);
    assert.deepEqual(await refusal(client.customCsrs.delete(csr.id, owner)), [409, 1420, undefined]);
    await client.customCertificates.delete(upload.id, zoneAt(1));
    assert.deepEqual(
      await client.customCsrs.delete(csr.id, owner),
      { id: csr.id },
      'what goes does not need it',
    );
    await carryAll(jobs);
    api.jobs.clock.advance(1);
  }
});

it('a certificate is replaced by one of the same request, and by one of another', async () => {
  const zone = zoneAt(2);
  const [first, second] = [await made(zone, 'third.test'), await made(zone, 'third.test')];
  const issue = (csr: string) => ca.issue(['third.test'], { csr });
  const a = await issue(first.csr);
  const { id } = await client.customCertificates.create({ ...zone, certificate: a.certificate });
  await carryAll(jobs);
  for (const [csr, named] of [
    [first, {}],
    [second, {}],
    [first, { custom_csr_id: first.id }],
  ] as const) {
    const next = await issue(csr.csr);
    const edited = await client.customCertificates.edit(id, {
      ...zone,
      certificate: next.certificate,
      ...named,
    });
    assert.equal(edited.custom_csr_id, csr.id);
    await carryAll(jobs);
    await carryAll(jobs);
    assert.equal(await leafFor(jobs, 'third.test'), fingerprintOf(next));
    assert.deepEqual(await refusal(client.customCsrs.delete(csr.id, zone)), [409, 1420, undefined]);
  }
  const own = await ca.issue(['third.test']);
  const { certificate, private_key } = own;
  const edited = await client.customCertificates.edit(id, { ...zone, certificate, private_key });
  assert.equal('custom_csr_id' in edited, false);
  await carryAll(jobs);
  await carryAll(jobs);
  assert.equal(await leafFor(jobs, 'third.test'), fingerprintOf(own));
  for (const csr of [first, second]) assert.equal((await client.customCsrs.delete(csr.id, zone)).id, csr.id);
});

it('a key that was made here without a restriction is taken for none', async () => {
  const zone = zoneAt(3);
  const csr = await made(zone, 'fourth.test');
  const { certificate } = await ca.issue(['fourth.test'], { csr: csr.csr });
  const asked = { ...zone, certificate, geo_restrictions: { label: 'eu' as const } };
  assert.deepEqual(await refusal(client.customCertificates.create(asked)), [400, 1011, '/geo_restrictions']);
});
