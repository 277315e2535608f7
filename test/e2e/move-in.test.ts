/** Names move in with whole processes: nothing is lost by kill -9, no handshake fails while names move, orders keep their pace. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moveIn } from '../support/move-in.ts';

test('what is imported is not lost by kill -9, and is replaced at its pace without a handshake that fails', async () => {
  const numbers = { hosts: 60, kills: 4, moves: 6, orders: 5_000, seed: 7 };
  const result = await moveIn(numbers, () => undefined);
  const { lost, double, not_shown, failures, wrong, moved, handshakes } = result;
  assert.deepEqual(
    { lost, double, not_shown, failures, wrong },
    { lost: 0, double: 0, not_shown: 0, failures: [], wrong: 0 },
  );
  assert.equal(moved, 6);
  assert(handshakes > 50, `${handshakes} handshakes`);
  assert(result.orders_per_hour <= 5_000, `${result.orders_per_hour} orders an hour`);
  // One pack more than the share of a minute: what was taken late may be followed by what was not.
  const { most_orders_in_a_minute: most } = result;
  assert(most <= 5_000 / 60 + 2, `${most} orders in a minute`);
});
