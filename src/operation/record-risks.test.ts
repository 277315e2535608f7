/** A pack whose renewal is late is recorded as at risk, once for its certificates, by whoever sees it first. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  clear,
  givenCertificates,
  givenPack,
  givenZone,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { days } from '../kit/time.ts';
import { listPackEvents } from '../store/pack-events.ts';
import { recordRisks } from './record-risks.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const { signal } = new AbortController();

test('it is recorded from a tenth of a life after the time of renewal on, and again for the next certificates', async () => {
  const zone = await givenZone(deps, 'one.test');
  const id = await givenPack(deps, zone, { status: 'active' });
  await givenPack(deps, zone, { status: 'active' });
  await givenCertificates(deps, id);
  const risks = async () => {
    const ask = { isNewestFirst: false, after: undefined, most: 100 };
    const events = await listPackEvents(deps.pool, { id, zone }, ask);
    return events.filter(({ event }) => event === 'at_risk').length;
  };
  deps.clock.advance(days(66)); // renewal is due after 60 days, and a tenth of 90 is 9
  await recordRisks(deps, signal);
  assert.equal(await risks(), 0);
  deps.clock.advance(days(4));
  await Promise.all([recordRisks(deps, signal), recordRisks(deps, signal)]);
  await recordRisks(deps, signal);
  assert.equal(await risks(), 1);
  await deps.pool.query(
    "update pack_renewals set ends_on = ends_on + interval '1 day' where risk_told_of is not null",
  );
  await recordRisks(deps, signal);
  assert.equal(await risks(), 2);
  await deps.pool.query(
    "update pack_renewals set ends_on = ends_on - interval '1 day' where risk_told_of is not null",
  );
});
