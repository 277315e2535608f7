/** Custom certificates whose keys are kept to regions, by Cloudflare's own client: what is taken, answered and refused. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type Cloudflare from 'cloudflare';
import { buildApi } from '../../src/api/api.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import { carryAll, type TestJobDeps } from '../support/job-deps.ts';
import { edgeAt, NAMES, pullingAt, regions, shownAt } from '../support/regions.ts';
import { givenOwner } from '../support/tokens.ts';
import { fingerprintOf, givenCa, refusal } from '../support/uploads.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let jobs: TestJobDeps;
let account: TestAccount;
let client: Cloudflare;
let ca: Awaited<ReturnType<typeof givenCa>>;
before(async () => {
  api = await startApi(ends);
  jobs = pullingAt(api.jobs, NAMES.map(edgeAt));
  ca = await givenCa(api.jobs);
  const app = await buildApi({ ...api.deps, trust: ca.trust, regions });
  ends.defer(() => app.close());
  const baseURL = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  account = await givenOwner(api, ['label.test', 'policy.test', 'refused.test', 'changed.test']);
  client = newClient({ baseURL, apiToken: account.token });
});
after(() => ends.disposeAsync());

const zoneAt = (i: number) => ({ zone_id: account.zones[i]?.id ?? assert.fail() });
async function made(host: string) {
  const { certificate, private_key, leaf } = await ca.issue([host]);
  return { body: { certificate, private_key, type: 'sni_custom' } as const, leaf: fingerprintOf({ leaf }) };
}

it('a label is answered as it was sent, by the certificate, the list and the pack, and honoured', async () => {
  const zone = zoneAt(0);
  const { body, leaf } = await made('label.test');
  const geo_restrictions = { label: 'eu' } as const;
  const upload = await client.customCertificates.create({ ...zone, ...body, geo_restrictions });
  assert.deepEqual(upload.geo_restrictions, geo_restrictions);
  assert.equal('policy_restrictions' in upload, false);
  await carryAll(jobs);
  const seen = await client.customCertificates.get(upload.id, zone);
  assert.deepEqual([seen.status, seen.geo_restrictions], ['active', geo_restrictions]);
  const list = await client.customCertificates.list(zone);
  assert.deepEqual(list.result[0]?.geo_restrictions, geo_restrictions);
  const packs = await client.ssl.certificatePacks.list(zone);
  assert.deepEqual(packs.result[0]?.certificates[0]?.geo_restrictions, geo_restrictions);
  assert.equal(await shownAt(jobs, 'de', 'label.test'), leaf);
  assert.equal(await shownAt(jobs, 'us', 'label.test'), undefined);
});

it('a policy is sent by either of its names, and answered by one', async () => {
  const zone = zoneAt(1);
  const policy = '(country: US) or (region: EU)';
  for (const said of [{ policy }, { policy_restrictions: policy }]) {
    const { body, leaf } = await made('policy.test');
    const upload = await client.customCertificates.create({ ...zone, ...body, ...said });
    assert.equal(upload.policy_restrictions, policy);
    assert.equal('geo_restrictions' in upload, false);
    await carryAll(jobs);
    assert.equal(await shownAt(jobs, 'us', 'policy.test'), leaf);
    assert.equal(await shownAt(jobs, 'jp', 'policy.test'), undefined);
    assert.equal((await client.customCertificates.get(upload.id, zone)).policy_restrictions, policy);
    api.jobs.clock.advance(1);
  }
});

it('what is no policy, two at once, and what no region here may have are refused with a pointer', async () => {
  const zone = zoneAt(2);
  const { body } = await made('refused.test');
  const asked = (more: object) => refusal(client.customCertificates.create({ ...zone, ...body, ...more }));
  assert.deepEqual(await asked({ policy: 'country: USA' }), [400, 1400, '/policy']);
  assert.deepEqual(await asked({ policy: 'region: MARS' }), [400, 1400, '/policy']);
  assert.deepEqual(await asked({ policy: '' }), [400, 1400, '/policy']);
  assert.deepEqual(await asked({ policy: 'region: OC' }), [400, 1011, '/policy']);
  assert.deepEqual(await asked({ geo_restrictions: { label: 'mars' } }), [
    400,
    1400,
    '/geo_restrictions/label',
  ]);
  const both = { geo_restrictions: { label: 'eu' }, policy: 'region: EU' };
  assert.deepEqual(await asked(both), [400, 1400, '/policy']);
  assert.deepEqual((await client.customCertificates.list(zone)).result, []);
  const free = await client.customCertificates.create({ ...zone, ...body, geo_restrictions: {} });
  assert.equal('geo_restrictions' in free, false, 'nothing was said');
});

it('terms are changed with another key alone, and stay where nothing is said of them', async () => {
  const zone = zoneAt(3);
  const first = await made('changed.test');
  const { id } = await client.customCertificates.create({ ...zone, ...first.body, policy: 'country: US' });
  await carryAll(jobs);
  const edit = (of: string, more: object) => client.customCertificates.edit(of, { ...zone, ...more });
  assert.deepEqual(await refusal(edit(id, { policy: 'country: JP' })), [400, 1011, '/policy']);
  const { private_key } = first.body;
  const same = edit(id, { private_key, geo_restrictions: { label: 'eu' } });
  assert.deepEqual(await refusal(same), [400, 1011, '/geo_restrictions']);
  const second = await made('changed.test');
  const next = await edit(id, { certificate: second.body.certificate, private_key: second.body.private_key });
  assert.equal(next.policy_restrictions, 'country: US');
  await carryAll(jobs);
  await carryAll(jobs);
  assert.equal(await shownAt(jobs, 'us', 'changed.test'), second.leaf);
  const third = await made('changed.test');
  const moved = await edit(next.id, {
    certificate: third.body.certificate,
    private_key: third.body.private_key,
    policy: 'country: JP',
  });
  assert.equal(moved.policy_restrictions, 'country: JP');
  await carryAll(jobs);
  await carryAll(jobs);
  assert.equal(await shownAt(jobs, 'jp', 'changed.test'), third.leaf);
  assert.equal(await shownAt(jobs, 'us', 'changed.test'), undefined);
});
