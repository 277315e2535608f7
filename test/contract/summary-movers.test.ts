/** The summary counts whom packs wait for by what was found, as their explanation does. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { amend } from '../../src/operation/advance.ts';
import type { Cause } from '../../src/pack/found.ts';
import type { Pack } from '../../src/pack/pack.ts';
import { lockPack } from '../../src/store/packs.ts';
import { transaction } from '../../src/store/store.ts';
import { touchZone } from '../../src/store/zones.ts';
import { assertGroupsListed, givenPacks } from '../support/account.ts';
import { givenAccount, startApi, type TestAccount, type TestApi } from '../support/api.ts';

let api: TestApi;
let account: TestAccount;
let now: Date;
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
  now = api.jobs.clock.now();
  account = await givenAccount(api.jobs, ['movers.test']);
});
after(() => ends.disposeAsync());

/** How many packs wait for the customer, for us, for a CA; just these are in the lists of each group. */
async function waiting(): Promise<unknown[]> {
  const path = `/accounts/${account.id}/ssl/certificate_packs/summary`;
  const answer = await api.get(path, account.token);
  const { result }: { result: { groups: Record<string, number> } } = JSON.parse(await answer.text());
  await assertGroupsListed(api, account, result.groups);
  return ['customer', 'us', 'ca'].map((whom) => result.groups[`waiting_for_${whom}`]);
}

const found = (cause: Cause) => ({
  validationErrors: ['why'],
  modifiedOn: now,
  found: { cause, on: now, evidence: [] },
});

it('whose move it is follows from what was found, as long as that is worked on', async () => {
  const zone = account.zones[0] ?? assert.fail();
  const [ours = '', busy = ''] = await givenPacks(api, zone, [
    { status: 'pending_validation', ...found('own_records_unseen') },
    { status: 'pending_validation', ...found('ca_busy') },
    { status: 'pending_deployment', ...found('outranked') },
    { status: 'pending_issuance', ...found('caa_forbids') },
    { status: 'pending_issuance', ...found('ca_not_configured') },
    { status: 'pending_deployment', ...found('edge_behind') },
    { status: 'issuance_timed_out', ...found('ca_busy') },
  ]);
  assert.deepEqual(await waiting(), [3, 3, 1]);
  const change = (id: string, step: Parameters<typeof amend>[3]) =>
    transaction(api.jobs.pool, async (tx) => {
      await touchZone(tx, zone.id);
      const pack: Pack = (await lockPack(tx, zone.id, id)) ?? assert.fail();
      await amend(tx, api.jobs, pack, step);
    });
  await change(busy, {});
  assert.deepEqual(await waiting(), [4, 3, 0]);
  await change(ours, { found: { cause: 'records_unseen' } });
  assert.deepEqual(await waiting(), [5, 2, 0]);
});
