/** For whom the key of a name server is used: the account that it is bound to, not whoever holds the name. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import { carried, leave } from '../../../test/support/control.ts';
import { clear, givenZone, packOf, startJobDeps, type TestJobDeps } from '../../../test/support/job-deps.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import type { TxtRecord } from '../../dns/dns.ts';
import { FREE_NAMES } from '../../pack/name-policy.ts';
import type { PackZone } from '../../pack/pack.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
/** Zones of the account that was made first, and of another. */
let first: PackZone;
let other: PackZone;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(async () => {
  await clear(deps);
  first = await givenZone(deps, 'first.test', 'partial');
  deps.clock.advance(1);
  other = await givenZone(deps, 'other.test', 'partial');
});
after(() => ends.disposeAsync());

/** What jobs are given, with a name server that takes records of a zone by a key of that account. */
async function given(t: TestContext, zone: string, accountId?: string) {
  const added: TxtRecord[] = [];
  const publisher = {
    accountId,
    add: async (records: readonly TxtRecord[]) => void added.push(...records),
    remove: async () => undefined,
  };
  const { at } = await withCa(t, { ...deps, publishers: new Map([[zone, publisher]]) });
  return { at, added };
}

async function errorsOf(at: TestJobDeps, zone: PackZone): Promise<string> {
  return (await packOf(deps, await carried(at, zone))).validationErrors.join();
}

const NOT_FOR_YOU = /its key for this zone is not for this account: publish them by hand/;

test('a key that is bound to nobody is for the operator’s accounts: the first, or those that he named', async (t) => {
  const own = await given(t, 'first.test');
  assert.doesNotMatch(await errorsOf(own.at, first), NOT_FOR_YOU);
  assert.equal(own.added.length, 1);
  const foreign = await given(t, 'other.test');
  assert.match(await errorsOf(foreign.at, other), NOT_FOR_YOU);
  assert.equal(foreign.added.length, 0);
  const named = { ...foreign.at, names: { ...FREE_NAMES, operatorAccounts: [other.accountId] } };
  assert.doesNotMatch(await errorsOf(named, other), NOT_FOR_YOU);
  assert.equal(foreign.added.length, 1);
});

test('a key that is bound to an account is not for the next that has the zone’s name', async (t) => {
  const { at, added } = await given(t, 'other.test', other.accountId);
  assert.doesNotMatch(await errorsOf(at, other), NOT_FOR_YOU);
  assert.equal(added.length, 1);
  await leave(deps, other);
  const next = await givenZone(deps, 'other.test', 'partial');
  assert.match(await errorsOf(at, next), NOT_FOR_YOU);
  assert.equal(added.length, 1);
});
