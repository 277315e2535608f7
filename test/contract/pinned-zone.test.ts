/** Zones of fixtures come back, whatever became of them. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { deleteZone } from '../../src/operation/delete-zone.ts';
import { pinZone } from '../../src/operation/pin-zone.ts';
import { removeEmptyZones } from '../../src/operation/remove-empty-zones.ts';
import { OPERATOR } from '../../src/store/audit.ts';
import { verifyChains } from '../../src/store/chain/chains.ts';
import { getZone } from '../../src/store/zones.ts';
import { givenAccount, startApi, type TestApi } from '../support/api.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
before(async () => {
  api = await startApi(ends);
});
after(() => ends.disposeAsync());

it('a pinned zone comes back as often as it is deleted, also where nothing is left of it but its record', async () => {
  const { id: accountId } = await givenAccount(api.jobs, []);
  const pinned = {
    accountId,
    id: '023e105f4ecef8ad9ca31a8372d0c353',
    name: 'pinned.test',
    type: 'partial',
  } as const;
  for (let i = 0; i < 4; i++) {
    await pinZone(api.deps, pinned);
    const zone = (await getZone(api.jobs.pool, accountId, pinned.id)) ?? assert.fail('it is there');
    await deleteZone(api.deps, zone, OPERATOR);
    if (i % 2 === 1) await removeEmptyZones(api.jobs);
  }
  const findings: unknown[] = [];
  await verifyChains(api.jobs.pool, { onFinding: (one) => findings.push(one), onProgress: () => undefined });
  assert.deepEqual(findings, []);
});
