/** What the service makes of CAs that are odd: test/support/odd/ has the list. `npm run bench -- odd` counts. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { clear, startJobDeps, type TestJobDeps } from '../../../test/support/job-deps.ts';
import { meet } from '../../../test/support/odd/meet.ts';
import { ODDITIES } from '../../../test/support/odd/oddities.ts';
import { hours } from '../../kit/time.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

/** A handful for a pack, which has two certificates. */
const MOST_A_MINUTE = 6;

for (const [what, oddity] of Object.entries(ODDITIES)) {
  const { isHopeless = false, says, within = hours(1) } = oddity;
  const comes = isHopeless ? 'is told of in the pack' : 'has its certificates served';
  test(`a CA that ${what} ${comes}, and burns none`, async () => {
    const met = await meet(deps, oddity);
    const seen = JSON.stringify(met);
    assert.equal(met.isActive, !isHopeless, seen);
    assert.ok(isHopeless || met.seconds <= within, seen);
    assert.equal(met.burned, 0, seen);
    assert.ok(!says || met.said.some((one) => says.test(one)), seen);
    assert.ok(met.perMinute <= MOST_A_MINUTE, seen);
    assert.ok(
      met.said.every((one) => one.includes('shop.test') && one.includes(';')),
      seen,
    );
  });
}
