/** Custom CSRs that are refused, those of others, and what becomes of their keys. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, it } from 'node:test';
import type Cloudflare from 'cloudflare';
import { buildApi } from '../../src/api/api.ts';
import { sealOf } from '../../src/kit/seal.ts';
import { deleteZone } from '../../src/operation/delete-zone.ts';
import { recoverFromLostKey } from '../../src/operation/recover-from-lost-key.ts';
import { rewrapKeys } from '../../src/operation/rewrap-keys.ts';
import { OPERATOR } from '../../src/store/audit.ts';
import { startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import type { TestJobDeps } from '../support/job-deps.ts';
import { regions } from '../support/regions.ts';
import { givenOwner, send } from '../support/tokens.ts';
import { givenCa, pulling, refusal } from '../support/uploads.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let jobs: TestJobDeps;
let url: string;
let account: TestAccount;
let other: TestAccount;
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
  other = await givenOwner(api, ['elsewhere.test']);
  client = newClient({ baseURL: url, apiToken: account.token });
});
after(() => ends.disposeAsync());

const NOBODY = '00000000-0000-4000-8000-000000000000';
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
const san = (text: string) => ({ sans: ['shop.test', text] });

it('each that is refused is, with the code that is documented for it', async () => {
  const path = `/zones/${zoneAt(0).zone_id}/custom_csrs`;
  const good = terms('shop.test');
  const rows: readonly (readonly [object, number, string])[] = [
    [{ country: undefined }, 1405, '/country'],
    [{ country: 'Germany' }, 1400, '/country'],
    [{ country: 'D1' }, 1405, '/country'],
    [{ state: ' ' }, 1406, '/state'],
    [{ locality: undefined }, 1407, '/locality'],
    [{ organization: '' }, 1408, '/organization'],
    [{ organization: 'x'.repeat(65) }, 1400, '/organization'],
    [{ organization: 'a\u0000b' }, 1400, '/organization'],
    [{ common_name: undefined }, 1409, '/common_name'],
    [{ common_name: 'x'.repeat(65) }, 1410, '/common_name'],
    [{ sans: [] }, 1411, '/sans'],
    [{ sans: undefined }, 1411, '/sans'],
    [{ sans: Array.from({ length: 151 }, (_, i) => `h${i}.shop.test`) }, 1412, '/sans'],
    [san('192.0.2.1'), 1412, '/sans/1'],
    [san('a b.shop.test'), 1412, '/sans/1'],
    [san(`${'x'.repeat(60)}.`.repeat(5)), 1412, '/sans/1'],
    [san('münchen.shop.test'), 1413, '/sans/1'],
    [san('other.test'), 1414, '/sans/1'],
    [san('a.invalid'), 1414, '/sans/1'],
    [san('localhost'), 1414, '/sans/1'],
    [san('co.uk'), 1415, '/sans/1'],
    [san('*.github.io'), 1415, '/sans/1'],
    [san('www.example.com'), 1416, '/sans/1'],
    [{ key_type: 'rsa4096' }, 1417, '/key_type'],
  ];
  for (const [change, code, pointer] of rows) {
    const told = await send(url, ['POST', path], account.token, { body: { ...good, ...change } });
    assert.deepEqual([told.status, told.code, told.pointer], [400, code, pointer], JSON.stringify(change));
  }
  for (const method of ['GET', 'DELETE']) {
    const malformed = await send(url, [method, `${path}/nothing`], account.token);
    assert.deepEqual([malformed.status, malformed.code, malformed.pointer], [400, 1418, '/custom_csr_id']);
    const unknown = await send(url, [method, `${path}/${NOBODY}`], account.token);
    assert.deepEqual([unknown.status, unknown.code], [404, 1419]);
  }
  const { certificate } = await ca.issue(['shop.test']);
  const uploaded = (custom_csr_id: string) =>
    refusal(client.customCertificates.create({ ...zoneAt(0), certificate, custom_csr_id }));
  assert.deepEqual(await uploaded(NOBODY), [404, 1419, '/custom_csr_id']);
  assert.deepEqual(await uploaded('x'), [400, 1418, '/custom_csr_id']);
  assert.deepEqual((await client.customCsrs.list(zoneAt(0))).result, []);
});

it('nobody sees, uses or deletes those of another account, of another zone, or without the permission', async () => {
  const [ofZone, ofAccount] = [
    await made(zoneAt(0), 'shop.test'),
    await made({ account_id: account.id }, 'shop.test'),
  ];
  const stranger = newClient({ baseURL: url, apiToken: other.token });
  const theirs = { zone_id: other.zones[0]?.id ?? '' };
  for (const { id, csr } of [ofZone, ofAccount]) {
    for (const owner of [theirs, { account_id: other.id }]) {
      assert.deepEqual(await refusal(stranger.customCsrs.get(id, owner)), [404, 1419, undefined]);
      assert.deepEqual(await refusal(stranger.customCsrs.delete(id, owner)), [404, 1419, undefined]);
      assert.deepEqual((await stranger.customCsrs.list(owner)).result, []);
    }
    const { certificate } = await ca.issue(['elsewhere.test'], { csr });
    const upload = { ...theirs, certificate };
    assert.deepEqual(await refusal(stranger.customCertificates.create(upload)), [400, 2106, '/private_key']);
    const named = { ...upload, custom_csr_id: id };
    assert.deepEqual(await refusal(stranger.customCertificates.create(named)), [404, 1419, '/custom_csr_id']);
  }
  assert.deepEqual(await refusal(client.customCsrs.get(ofZone.id, zoneAt(1))), [404, 1419, undefined]);
  assert.deepEqual(await refusal(client.customCsrs.get(ofZone.id, { account_id: account.id })), [
    404,
    1419,
    undefined,
  ]);
  assert.deepEqual(await refusal(client.customCsrs.get(ofAccount.id, zoneAt(0))), [404, 1419, undefined]);
  const { certificate } = await ca.issue(['second.test'], { csr: ofZone.csr });
  const elsewhere = { ...zoneAt(1), certificate };
  assert.deepEqual(await refusal(client.customCertificates.create(elsewhere)), [400, 2106, '/private_key']);
  const ofOther = { ...elsewhere, custom_csr_id: ofZone.id };
  const named = client.customCertificates.create(ofOther);
  assert.deepEqual(await refusal(named), [404, 1419, '/custom_csr_id']);
  const reader = newClient({ baseURL: url, apiToken: await tokenFor(api.jobs, { accountId: account.id }) });
  assert.equal((await reader.customCsrs.list(zoneAt(0))).result.length, 1);
  assert.deepEqual(await refusal(reader.customCsrs.create({ ...terms('shop.test'), ...zoneAt(0) })), [
    403,
    9109,
    undefined,
  ]);
  assert.deepEqual(await refusal(stranger.customCsrs.list({ account_id: account.id })), [
    403,
    9109,
    undefined,
  ]);
  await client.customCsrs.delete(ofZone.id, zoneAt(0));
  await client.customCsrs.delete(ofAccount.id, { account_id: account.id });
});

it('keys are sealed: with another key-encryption key they open too, and requests whose keys are lost, or whose zone goes, are gone', async () => {
  const zone = account.zones[4] ?? assert.fail();
  const kept = await made({ account_id: account.id }, 'going.test');
  const going = await made({ zone_id: zone.id }, 'going.test');
  const { rows } = await jobs.pool.query<{ text: string }>(
    'select custom_csrs::text as text from custom_csrs',
  );
  assert.equal(rows.length >= 2 && rows.every(({ text }) => !text.includes('PRIVATE')), true);
  await deleteZone(jobs, zone, OPERATOR);
  const ids = async () =>
    (await jobs.pool.query<{ id: string }>('select id from custom_csrs')).rows.map(({ id }) => id);
  assert.deepEqual([(await ids()).includes(going.id), (await ids()).includes(kept.id)], [false, true]);
  assert.equal(await recoverFromLostKey(jobs, [jobs.seal.id]), 0);
  assert.equal((await ids()).includes(kept.id), true);
  const next = sealOf(randomBytes(32));
  await assert.rejects(
    rewrapKeys(jobs.pool, next, () => undefined),
    { fault: 'key_sealed_elsewhere' },
  );
  await recoverFromLostKey(jobs, [next.id]);
  assert.deepEqual(await ids(), []);
});
