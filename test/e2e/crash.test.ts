/** kill -9 at random moments; `npm run bench -- crash` does the same more often. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { crash, type Victim } from '../support/crash.ts';
import { embeddedOnly } from '../support/database.ts';

const CASES: readonly (readonly [Victim, number, string])[] = [
  ['service', 3, 'the service'],
  ['one_of_two', 3, 'one of two services'],
  ['database', 2, 'the embedded database'],
  ['everything', 2, 'the service and its database at once'],
];

for (const [victim, kills, what] of CASES) {
  const isOfService = victim === 'service' || victim === 'one_of_two';
  const options = { timeout: 600_000, ...(!isOfService && embeddedOnly) };
  it(`kill -9 of ${what} loses no order, and no certificate is issued twice`, options, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { orders, ...result } = await crash({ victim, kills, orders: 20, seed }, () => undefined);
    const wanted = { kills, active: orders, missing: [], lost: 0, double: 0, surplus: 0 };
    assert.deepEqual(result, wanted, `with seed ${seed}`);
    assert(orders >= 20);
  });
}
