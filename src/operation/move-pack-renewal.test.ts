/** Packs go to the edges of the other environment while they are renewed, with the clock and the edges in the test's hands. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { clear, packOf, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import {
  carry,
  dark,
  fingerprints,
  givenBoth,
  givenIssued,
  move,
  moved,
  shownIn,
} from '../../test/support/pack-moving.ts';
import { pass } from '../../test/support/renewing.ts';
import { days, hours } from '../kit/time.ts';

const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
before(async () => {
  plain = await startJobDeps(ends);
});
beforeEach(() => clear(plain));
after(async () => {
  await clear(plain);
  await ends.disposeAsync();
});

test('a renewal that is under way goes on by the order that it has', async (t) => {
  const { deps, letsEncrypt } = await givenBoth(t, plain);
  const id = await givenIssued(deps, 'staging');
  const first = fingerprints(await packOf(deps, id));
  const unseen: TestJobDeps = { ...deps, precheckTxt: plain.precheckTxt };
  for (let day = 0; day < 64; day += 4) await pass(unseen, days(4));
  assert.equal((await packOf(deps, id)).renewal?.run?.status, 'pending_validation');
  const orders = () => letsEncrypt.requests.filter((one) => one.endsWith('new-order')).length;
  const earlier = orders();
  assert.equal(await moved(unseen, id, 'production'), 'active');
  const { certificates, renewal } = await packOf(deps, id);
  assert.deepEqual([fingerprints(await packOf(deps, id)), certificates.length], [first, 2]);
  assert.equal(renewal?.run?.status, 'pending_validation');
  await pass(deps, hours(6));
  await carry(deps);
  const renewed = await packOf(deps, id);
  assert.deepEqual([renewed.status, renewed.renewal?.run], ['active', undefined]);
  assert.equal(new Set([...first, ...fingerprints(renewed)]).size, 4);
  assert(orders() - earlier <= 1, 'that of the other algorithm at most');
  assert.equal(await shownIn(deps, id), 'production');
});

test('new certificates that no edge showed yet go with it', async (t) => {
  const { deps } = await givenBoth(t, plain);
  const id = await givenIssued(deps, 'staging');
  const first = fingerprints(await packOf(deps, id));
  for (let day = 0; day < 64; day += 4) await pass(dark(deps, 'staging'), days(4));
  const coming = (await packOf(deps, id)).renewal?.run;
  assert.equal(coming?.status, 'staging_deployment');
  await move(deps, id, 'production');
  const pack = await packOf(deps, id);
  assert.deepEqual([pack.status, pack.renewal], ['pending_deployment', undefined]);
  assert.deepEqual(
    fingerprints(pack),
    coming.certificates.map(({ fingerprint }) => fingerprint),
  );
  assert.equal(new Set([...first, ...fingerprints(pack)]).size, 4);
  await carry(deps);
  assert.equal((await packOf(deps, id)).status, 'active');
  assert.equal(await shownIn(deps, id), 'production');
});
