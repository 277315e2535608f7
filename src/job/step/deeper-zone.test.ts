/** Packs of a zone in which another account came to have a zone of its own, as it could by a race in older versions. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  allVisible,
  carryAll,
  clear,
  edgeNamed,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { pass as passTime, wishful } from '../../../test/support/renewing.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import { days } from '../../kit/time.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

/** A zone of an account of its own at a name that only a race could give it. */
async function slippedIn(name: string): Promise<void> {
  const { id } = await givenZone(deps, 'elsewhere.test', 'partial');
  const reversed = name.split('.').toReversed().join('.');
  await deps.pool.query('update zone_names set name = $2, reversed = $3 where zone_id = $1', [
    id,
    name,
    reversed,
  ]);
  await deps.pool.query('update zones set name = $2 where id = $1', [id, name]);
}

/** A pack of shop.test that is served, and how to let time pass; the CA's certificates are counted. */
async function given(t: TestContext, hosts: readonly string[]) {
  const { at, ca } = await withCa(t, { ...deps, precheckTxt: allVisible });
  const served = { ...at, edges: [edgeNamed('edge-a')], showLeaf: wishful(deps) };
  const id = await givenPack(deps, await givenZone(deps, 'shop.test', 'partial'), { hosts });
  await carryAll(served);
  assert.equal((await packOf(deps, id)).status, 'active');
  return { id, pass: (seconds: number) => passTime(served, seconds), issued: ca.server.ledger.certificates };
}

for (const [what, hosts, deeper] of [
  ['a host that came to belong to', ['shop.test', 'www.own.shop.test'], 'own.shop.test'],
  ['a wildcard that came to cover', ['shop.test', '*.shop.test'], 'own.shop.test'],
] as const)
  test(`a pack is not renewed for ${what} a zone of another account, and says so without its name`, async (t) => {
    const { id, pass, issued } = await given(t, hosts);
    await slippedIn(deeper);
    await pass(days(61));
    await pass(days(1));
    assert.equal(issued.size, 2);
    const { status, validationErrors } = await packOf(deps, id);
    assert.equal(status, 'active');
    assert(
      validationErrors.join().startsWith(`${hosts[1]} is not this zone's any more`),
      validationErrors[0],
    );
    assert.match(validationErrors.join(), /; order the other hosts in a certificate pack of their own$/);
  });

test('a zone of another account that a wildcard does not cover changes nothing', async (t) => {
  const { pass, issued } = await given(t, ['shop.test', '*.shop.test']);
  await slippedIn('b.a.shop.test');
  for (let day = 0; day < 70; day += 10) await pass(days(10));
  assert.equal(issued.size, 4);
});
